package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
)

// send plays one event of a file in the world that is up.
func send(ctx context.Context, p place, args []string) error {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print one JSON object and nothing else")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || flags.Arg(0) == "" {
		return errors.New("which event? Say make send EVENT=file.json, with an event as EventBridge carries it")
	}
	text, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return fmt.Errorf("reading the event: %w", err)
	}
	var result play.Result
	event, err := play.Parse(text)
	if err != nil {
		result = play.None(event.ID, err)
	} else {
		address, running := world.Running(p.up)
		if !running {
			return world.ErrDown
		}
		if result, err = play.New(address).Send(ctx, event); err != nil {
			return err
		}
	}
	if *asJSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(result)
	} else {
		err = play.Print(os.Stdout, result)
	}
	if err == nil && !result.OK() {
		err = errSaid
	}
	return err
}
