package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// The stack for the local engine (-c local=true) is the stack for AWS but for three
// things: the functions are compiled for this machine, and what this file says.

// localEngine allows ResolveTag and the watchdog the clusters themselves: the local engine checks
// DescribeServices against the cluster's ARN, where AWS checks it against the service's.
func (s stack) localEngine() []awsiam.PolicyStatement {
	if !s.local {
		return nil
	}
	var arns []*string
	for _, cluster := range s.clusters() {
		arns = append(arns, s.arn("ecs", "cluster/"+cluster))
	}
	return []awsiam.PolicyStatement{allow(arns, "ecs:DescribeServices")}
}

// enforceSSL has queues and topics refuse what does not come by TLS. The local engine
// speaks plain HTTP on loopback, and would refuse its own workflow.
func (s stack) enforceSSL() *bool { return jsii.Bool(!s.local) }
