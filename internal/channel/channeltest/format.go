package channeltest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// repetitions is how often a document is formatted once more: often enough, with as many
// documents as there are, for Go's random order of maps to show.
const repetitions = 3

// checkFormat tells what is wrong with what the channel makes of the document, of
// which pristine is a copy.
func checkFormat(c channel.Channel, opts Options, doc, pristine deployment.Document) error {
	return guard("Format", func() error {
		first, err := formatted(c, opts, doc)
		if err != nil {
			if class(err) != Permanent {
				return fmt.Errorf("returned by Format: %w; a document that cannot be formatted must be Permanent", err)
			}
			return hides(opts.Hidden, "the error", err.Error())
		}
		for range repetitions {
			again, err := formatted(c, opts, doc)
			if err != nil || !bytes.Equal(again, first) {
				return fmt.Errorf("the message differs: Format made two things of one document:\n%s\n%s (%v)", first, again, err)
			}
		}
		if !reflect.DeepEqual(doc, pristine) {
			return errors.New("the document was changed by Format")
		}
		if len(first) > opts.MaxBytes {
			return fmt.Errorf("the message is %d bytes long, at most %d are allowed", len(first), opts.MaxBytes)
		}
		if err := hides(opts.Hidden, "the message", string(first)); err != nil {
			return err
		}
		return printable(first)
	})
}

// formatted is the channel's message for the document, as the workflow carries it.
func formatted(c channel.Channel, opts Options, doc deployment.Document) (json.RawMessage, error) {
	message, err := c.Format(doc, opts.Account("https://vendor.example"))
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, failure.Transientf("marshalling what Format returned: %w", err)
	}
	return text, nil
}

// printable looks for characters in the message's texts that hide, reorder or break
// what stands around them.
func printable(message json.RawMessage) error {
	var content any
	if err := json.Unmarshal(message, &content); err != nil {
		return fmt.Errorf("reading the message: %w", err)
	}
	return walk("", content, func(at, text string) error {
		for _, r := range text {
			switch {
			case r == '\n':
			case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\u200b', r == '\ufeff':
				return fmt.Errorf("the message has %U at %s: %.100q", r, at, text)
			}
		}
		return nil
	})
}

// walk visits every string of the JSON content, keys included.
func walk(at string, content any, visit func(at, text string) error) error {
	switch content := content.(type) {
	case string:
		return visit(at, content)
	case []any:
		for i, item := range content {
			if err := walk(fmt.Sprintf("%s/%d", at, i), item, visit); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range content {
			if err := errors.Join(visit(at, key), walk(at+"/"+key, item, visit)); err != nil {
				return err
			}
		}
	}
	return nil
}

// class is what the error is to a retry; it is Unclassified unless package failure
// knows it.
func class(err error) Class {
	var transient *failure.Transient
	var permanent *failure.Permanent
	var limited *failure.RateLimited
	var gone *failure.Unreachable
	switch {
	case err == nil:
		return Taken
	case !errors.As(err, &transient) && !errors.As(err, &permanent) && !errors.As(err, &limited) && !errors.As(err, &gone):
		return unclassified
	default:
		return Class(reflect.TypeOf(failure.Classify(err)).Elem().Name())
	}
}

// unclassified is the class of an error that is not of package failure.
const unclassified Class = "not of package failure"

// fragment is how much of a secret may not be shown either: masking what has been cut
// before leaves such pieces.
const fragment = 8

// hides tells when a text shows one of the hidden ones, or a piece of one.
func hides(hidden []string, what, text string) error {
	for _, secret := range hidden {
		for i := 0; i+fragment <= len(secret); i++ {
			if strings.Contains(text, secret[i:i+fragment]) {
				return fmt.Errorf("%s shows a secret or a piece of one: %s", what, text)
			}
		}
	}
	return nil
}
