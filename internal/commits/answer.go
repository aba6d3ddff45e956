package commits

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// answer is what is kept of GitLab's answer. It reads itself from the body as a stream,
// since the diffs, which nobody needs, are most of it.
type answer struct {
	commits []commit // oldest first
	// complete is true when the commits were read to their end.
	complete bool
	sameRef  bool
	timeout  bool
	webURL   string
}

// commit is what is kept of a commit. Old versions of GitLab leave out some of it.
type commit struct {
	ID        string   `json:"id"`
	ShortID   string   `json:"short_id"`
	Title     string   `json:"title"`
	Author    string   `json:"author_name"`
	CreatedAt string   `json:"created_at"` // the same as committed_date
	Parents   []string `json:"parent_ids"`
	WebURL    string   `json:"web_url"`
}

const (
	// maxCommits bounds what an answer of tiny commits can make of its bytes in memory.
	// Real ones are about 700 bytes, so that maxAnswer is reached before it.
	maxCommits = 50_000
	// maxDepth is how deep what is skipped may be nested; a diff is two deep.
	maxDepth = 100
	// maxRawTitle is how much of a title is looked at, in bytes.
	maxRawTitle = 4 << 10
)

// Write makes the answer an io.Writer: to one of those the client hands the body as it
// is, by io.Copy, which prefers ReadFrom.
func (a *answer) Write(p []byte) (int, error) {
	_, err := a.ReadFrom(bytes.NewReader(p))
	return len(p), err
}

// ReadFrom reads the whole answer. Commits that are complete count even if what comes
// after them is too large, too slow or broken. The number of bytes is not told.
func (a *answer) ReadFrom(body io.Reader) (int64, error) {
	err := a.read(json.NewDecoder(body))
	if err == nil {
		return 0, nil
	}
	if closer, ok := body.(io.Closer); ok {
		closer.Close() // else the client would drain the rest
	}
	if a.complete && len(a.commits) > 0 {
		return 0, nil
	}
	return 0, err
}

func (a *answer) read(d *json.Decoder) error {
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		switch key {
		case "commits":
			err = a.readCommits(d)
		case "compare_same_ref":
			err = lenient(d, &a.sameRef)
		case "compare_timeout":
			err = lenient(d, &a.timeout)
		case "web_url":
			err = lenient(d, &a.webURL)
		default:
			err = skip(d)
		}
		if err != nil {
			return err
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return err
	}
	if !a.complete {
		return errMalformed
	}
	return nil
}

func (a *answer) readCommits(d *json.Decoder) error {
	a.commits, a.complete = nil, false
	if err := expect(d, json.Delim('[')); err != nil {
		return err
	}
	for d.More() {
		var c commit
		if err := lenient(d, &c); err != nil {
			return err
		}
		if c.ID == "" && c.Title == "" {
			continue // null, or nothing that could be shown
		}
		if len(a.commits) == maxCommits {
			return errTooLarge
		}
		if len(c.Title) > maxRawTitle {
			c.Title = strings.ToValidUTF8(c.Title[:maxRawTitle], "")
		}
		a.commits = append(a.commits, c)
	}
	if err := expect(d, json.Delim(']')); err != nil {
		return err
	}
	a.complete = true
	return nil
}

// expect reads the one token that must come.
func expect(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		return errMalformed
	}
	return err
}

// lenient reads the next value into v. A part of it that has another type than expected
// stays empty and spoils nothing else.
func lenient(d *json.Decoder, v any) error {
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return nil
	}
	return err
}

// skip reads over the next value without keeping more than one token of it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > maxDepth {
			return errMalformed
		}
	}
}
