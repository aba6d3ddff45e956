// Package channeltest is the contract that every channel must pass, with the documents
// to try it on and fakes for what a sender needs.
//
// A channel's own tests say what its messages look like. This package says what no
// channel may do: show a secret, panic, lose the class of an error, hang, or format the
// same document in two ways.
package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// Class is what became of a call: it was taken, or failed in one of the ways that
// package failure knows.
type Class string

// The classes.
const (
	Taken       Class = "taken"
	Transient   Class = "Transient"
	Permanent   Class = "Permanent"
	RateLimited Class = "RateLimited"
	Unreachable Class = "Unreachable"
	// AnyFailure is any of the ways to fail.
	AnyFailure Class = ""
)

// Options say what the channel needs, and in what it differs from the rules. Only
// Account and MaxBytes are needed by a channel without a sender.
type Options struct {
	// Account makes the account file of a vendor that listens at the URL.
	Account func(url string) account.Account
	// MaxBytes is how long the formatted message may be, as JSON.
	MaxBytes int
	// Secrets makes the secrets that the sender may read.
	Secrets func(url string) Secrets
	// Hidden are the texts that must never be shown, eight bytes or more each: the
	// secrets, or the part of a secret address that makes it secret.
	Hidden []string
	// Document is one that the channel has something to send about.
	Document deployment.Document
	// Success answers as the vendor does when it has taken what was sent.
	Success http.HandlerFunc
	// SuccessStatus is the status with which the vendor does so.
	SuccessStatus int
	// Junk is what an answer of SuccessStatus becomes when its body is none of the
	// vendor's: Taken where the status alone says it all.
	Junk Class
	// Classes is what a status becomes where it differs from failure.FromStatus, or
	// from Transient for a success other than SuccessStatus.
	Classes map[int]Class
}

// Run holds the channel to the contract.
func Run(t *testing.T, c channel.Channel, opts Options) {
	t.Helper()
	t.Run("format", func(t *testing.T) {
		pristine := Documents()
		for name, doc := range Documents() {
			t.Run(name, func(t *testing.T) {
				if err := checkFormat(c, opts, doc, pristine[name]); err != nil {
					t.Error(err)
				}
			})
		}
	})
	if c.NewSender == nil {
		return
	}
	logged := captureLogs(t)
	for _, check := range sendChecks(opts) {
		t.Run("send/"+check.name, func(t *testing.T) {
			if err := check.run(c, opts); err != nil {
				t.Error(err)
			}
			if err := hides(opts.Hidden, "the log", logged.String()); err != nil {
				t.Error(err)
			}
			logged.Reset()
		})
	}
}

// Golden compares what was made with the file, as JSON with indentation; with update
// it writes the file instead. The caller brings the -update flag, since a package that
// tests import must not define one.
func Golden(t *testing.T, file string, made any, update bool) {
	t.Helper()
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(made); err != nil {
		t.Fatal(err)
	}
	if update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("%s differs; look at it, then run the test with -update\ngot:\n%s\nwant:\n%s", file, got.Bytes(), want)
	}
}

// guard turns a panic into an error.
func guard(what string, call func() error) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("%s panicked: %v", what, caught)
		}
	}()
	return call()
}
