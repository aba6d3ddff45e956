package main

import "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

// The stack for the local engine (-c local=true) is the stack for AWS but for two
// things: the functions are compiled for this machine, and the one statement below.

// localEngine allows ResolveTag the clusters themselves: the local engine checks
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
