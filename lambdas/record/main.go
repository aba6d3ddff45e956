// Command record is the function behind the state Record.
package main

import (
	"context"
	"os"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/record"
	"fanfare/internal/step"
)

func main() {
	step.Main("record", func(account.Account) (step.Handle[record.Result], error) {
		table, err := cloud.Ledger()
		recorder := record.Recorder{Ledger: table, Metrics: os.Stdout, Now: time.Now}
		return func(ctx context.Context, in step.Input) (record.Result, error) {
			return recorder.Record(ctx, in.Document.Document, in.Execution)
		}, err
	})
}
