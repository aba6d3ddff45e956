// Command watchdog is the function that a schedule calls when a deployment ought to be
// over.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/step"
	"fanfare/internal/watchdog"
)

func main() {
	step.Serve("watchdog", func(a account.Account) (func(context.Context, json.RawMessage) (watchdog.Result, error), error) {
		table, noTable := cloud.Ledger()
		workflow, noWorkflow := cloud.Variable(cloud.WorkflowVariable)
		dog := watchdog.Watchdog{
			Ledger: table, ECS: ecs.NewFromConfig(cloud.Config()), Workflow: sfn.NewFromConfig(cloud.Config()),
			StateMachine: workflow, Account: a, Now: time.Now,
		}
		return dog.Handle, errors.Join(noTable, noWorkflow)
	})
}
