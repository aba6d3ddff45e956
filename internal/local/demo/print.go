package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"fanfare/internal/local/play"
)

// Print shows a person every event, what each channel was told of it or why not, and
// the time that it took, and a summary of them all. It returns how many expectations did not hold.
func Print(w io.Writer, told []Told) (failed int, err error) {
	for i, t := range told {
		if err := printOne(w, i+1, t); err != nil {
			return failed, err
		}
		failed += len(t.Problems)
	}
	return failed, summary(w, told)
}

// summary shows one line for each event: how it ended, and what each channel was told of
// it, or why not.
func summary(w io.Writer, told []Told) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%s\n\tscene\tstate\tSlack\tPagerDuty\tSMS\tms\n", strings.Repeat("━", 100))
	for i, t := range told {
		state := t.Result.Result
		if e := t.Result.Execution; e != nil && len(e.States) > 0 {
			state = e.States[len(e.States)-1]
		}
		fmt.Fprintf(table, "%d\t%s\t%s", i+1, t.Title, state)
		for _, name := range play.Names {
			cell := t.Result.Channels[name].Outcome
			if len(t.Result.Channels[name].Requests) == 0 {
				cell = "- " + strings.ReplaceAll(t.Result.Channels[name].Reason, "_", " ")
			}
			fmt.Fprintf(table, "\t%s", strings.ReplaceAll(cell, "_", " "))
		}
		fmt.Fprintf(table, "\t%d\n", t.Result.MS)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	return nil
}

func printOne(w io.Writer, number int, t Told) error {
	if _, err := fmt.Fprintf(w, "\n%s\n%d. %s\n", strings.Repeat("━", 100), number, t.Title); err != nil {
		return err
	}
	if err := play.Print(w, t.Result); err != nil {
		return err
	}
	for _, problem := range t.Problems {
		if _, err := fmt.Fprintf(w, "  NOT AS EXPECTED: %s\n", problem); err != nil {
			return err
		}
	}
	return nil
}

// Save writes the same as files: for each event what Print shows of it, and what came
// of it as JSON. What an earlier demo wrote is removed.
func Save(dir string, told []Told) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing what the last demo wrote: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making a folder for what was told: %w", err)
	}
	for i, t := range told {
		var text strings.Builder
		if err := printOne(&text, i+1, t); err != nil {
			return err
		}
		data, err := json.MarshalIndent(t, "", "  ")
		if err != nil {
			return fmt.Errorf("writing what was told: %w", err)
		}
		for suffix, content := range map[string][]byte{".txt": []byte(text.String()), ".json": append(data, '\n')} {
			file := filepath.Join(dir, fmt.Sprintf("%02d%s", i+1, suffix))
			if err := os.WriteFile(file, content, 0o644); err != nil {
				return fmt.Errorf("writing what was told: %w", err)
			}
		}
	}
	return nil
}
