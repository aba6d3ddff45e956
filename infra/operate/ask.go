package main

import (
	"context"
	"errors"
	"strings"

	"fanfare/internal/text"
	"fanfare/internal/why"
)

// health is what the function doctor answers.
type health struct {
	Checks []struct {
		Name    string `json:"name"`
		OK      bool   `json:"ok"`
		Problem string `json:"problem,omitempty"`
		Mend    string `json:"mend,omitempty"`
	} `json:"checks"`
}

// doctor prints what is in order, and then what is not.
func (c command) doctor(ctx context.Context) (int, error) {
	var found health
	if err := c.caller.Call(ctx, "fanfare-doctor", struct{}{}, &found); err != nil {
		return trouble, err
	}
	if len(found.Checks) == 0 {
		return trouble, errors.New("the function has looked at nothing")
	}
	broken := 0
	for _, check := range found.Checks {
		switch {
		case !check.OK:
			broken++
		case !c.json:
			c.say("ok       %s", check.Name)
		}
	}
	code := fine
	if broken > 0 {
		code = trouble
	}
	if c.json {
		return code, c.print(found)
	}
	for _, check := range found.Checks {
		if !check.OK {
			c.say("PROBLEM  %s%s", check.Name, text.With(": ", check.Problem))
			if check.Mend != "" {
				c.say("         %s", c.named(check.Mend))
			}
		}
	}
	if broken == 0 {
		c.say("All %s are in order.", count(len(found.Checks), "thing"))
	} else {
		c.say("%d of %s %s not in order.", broken, count(len(found.Checks), "thing"), map[bool]string{true: "is", false: "are"}[broken == 1])
	}
	return code, nil
}

// why prints what became of a deployment.
func (c command) why(ctx context.Context, deployment string) (int, error) {
	var answer why.Answer
	if err := c.caller.Call(ctx, "fanfare-why", why.Input{Deployment: deployment}, &answer); err != nil {
		return trouble, err
	}
	code := fine
	if !answer.Found {
		code = trouble
	}
	if c.json {
		return code, c.print(answer)
	}
	c.say("%s", c.named(strings.TrimRight(answer.Text, "\n")))
	return code, nil
}

// named puts the account into the commands that the functions name: what its file is
// called, they do not know.
func (c command) named(text string) string {
	return strings.ReplaceAll(text, "ACCOUNT=…", "ACCOUNT="+c.account)
}
