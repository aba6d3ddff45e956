// Package why says in words what became of a deployment's events: who was told, when, and
// why not.
package why

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/account"
	"fanfare/internal/ledger"
	"fanfare/internal/text"
)

// Input is what the function is called with.
type Input struct {
	// Deployment is a deployment's id (ecs-svc/123), the id of a pipeline's execution, a whole
	// key of the ledger; or cluster/service, a service's key or a pipeline's name, and then
	// its latest deployments are meant.
	Deployment string `json:"deployment"`
}

// Answer is what the function answers.
type Answer struct {
	Deployment string `json:"deployment"`
	// Found is false when the ledger knows nothing of it; Text then says why that may be.
	Found bool   `json:"found"`
	Text  string `json:"text"`
}

// Ledger is what is asked of the ledger.
type Ledger interface {
	EventsOf(ctx context.Context, id string) ([]ledger.Trail, error)
	LatestOf(ctx context.Context, serviceKey string, deployments int) ([]ledger.Trail, error)
}

// Executions is what is asked of Step Functions.
type Executions interface {
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// latest is how many deployments are told of where a service is asked for.
const latest = 3

// maxQuestion is how many characters a question may have.
const maxQuestion = 500

// Explainer is the function.
type Explainer struct {
	Account    account.Account
	Ledger     Ledger
	Executions Executions
}

// Explain says what became of the deployment.
func (e Explainer) Explain(ctx context.Context, in Input) (Answer, error) {
	asked := text.Cut(text.Line(in.Deployment), maxQuestion)
	if asked == "" {
		return Answer{}, errors.New("deployment: an id such as ecs-svc/1234567890123456789, or cluster/service, expected, found nothing")
	}
	trails, err := e.find(ctx, asked)
	if err != nil {
		return Answer{}, fmt.Errorf("looking for %s: %w", asked, err)
	}
	if len(trails) == 0 {
		return Answer{Deployment: asked, Text: nothing(asked, e.Account)}, nil
	}
	return Answer{Deployment: asked, Found: true, Text: e.tell(ctx, trails)}, nil
}

var digits = regexp.MustCompile(`^[0-9]{8,}$`)

// find takes the question for each of the things that it may name, one after another,
// until something is known of one.
func (e Explainer) find(ctx context.Context, asked string) ([]ledger.Trail, error) {
	if serviceKey, id, ok := ledger.IDOf(asked); ok {
		all, err := e.Ledger.EventsOf(ctx, id)
		var trails []ledger.Trail
		for _, t := range all {
			if strings.HasPrefix(t.Deployment, serviceKey+"/") {
				trails = append(trails, t)
			}
		}
		if err != nil || len(trails) > 0 {
			return trails, err
		}
	}
	ids := []string{asked}
	if digits.MatchString(asked) {
		ids = append(ids, "ecs-svc/"+asked)
	}
	for _, id := range ids {
		if trails, err := e.Ledger.EventsOf(ctx, id); err != nil || len(trails) > 0 {
			return trails, err
		}
	}
	for _, key := range e.services(asked) {
		if trails, err := e.Ledger.LatestOf(ctx, key, latest); err != nil || len(trails) > 0 {
			return trails, err
		}
	}
	return nil, nil
}

// services are the keys of the services and pipelines that the name may be.
func (e Explainer) services(asked string) []string {
	if _, name, isARN := strings.Cut(asked, ":service/"); isARN {
		asked = name
	}
	here := e.Account.ID + "/" + e.Account.Region + "/"
	switch strings.Count(asked, "/") {
	case 0:
		keys := []string{here + "pipeline:" + strings.TrimPrefix(asked, "pipeline:")}
		for _, cluster := range e.Account.Clusters {
			keys = append(keys, here+cluster+"/"+asked)
		}
		return keys
	case 1:
		return []string{here + asked}
	default:
		return []string{asked}
	}
}
