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
	result := sendFile(ctx, p, flags.Arg(0))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var err error
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

// sendFile is what came of the event, or why nothing did.
func sendFile(ctx context.Context, p place, file string) play.Result {
	if file == "" {
		return play.None("", errors.New("which event? Say make send EVENT=file.json, with an event as EventBridge carries it"))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return play.None("", fmt.Errorf("reading the event: %w", err))
	}
	event, err := play.Parse(text)
	if err != nil {
		return play.None(event.ID, err)
	}
	address, running := world.Running(p.up)
	if !running {
		return play.Broken(event.ID, world.ErrDown)
	}
	result, err := play.New(address).Send(ctx, event)
	if err != nil {
		return play.Broken(event.ID, err)
	}
	return result
}
