// Command watch is the function behind the state Watch.
package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/step"
	"fanfare/internal/watch"
)

func main() {
	step.Main("watch", func(a account.Account) (step.Handle[watch.Result], error) {
		watchdog, noWatchdog := cloud.Variable(cloud.WatchdogVariable)
		role, noRole := cloud.Variable(cloud.SchedulerRoleVariable)
		group, noGroup := cloud.Variable(cloud.ScheduleGroupVariable)
		watcher := watch.Step{
			Scheduler: scheduler.NewFromConfig(cloud.Config()), Account: a,
			Watchdog: watchdog, Role: role, Group: group, Now: time.Now,
		}
		return func(ctx context.Context, in step.Input) (watch.Result, error) {
			return watcher.Arm(ctx, in.Document.Document)
		}, errors.Join(noWatchdog, noRole, noGroup)
	})
}
