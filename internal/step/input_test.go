package step

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

func fixture(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/send.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestInput reads what the workflow gives to a sender: no key of it is lost, and what
// is written again is the same.
func TestInput(t *testing.T) {
	t.Parallel()
	text := fixture(t)
	var in Input
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&in); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	doc := in.Document
	if doc.Deployment.Service != "checkout" || doc.Key() == "" || doc.Claim.Outcome != deployment.TakenOver ||
		doc.Release.Image.Tag != "1.42.0" || doc.Commits.Items[0].Author != "Zoë" || doc.Plan["slack"].Decision != deployment.Deliver ||
		doc.Delivery.Waited != 9 || !strings.Contains(string(doc.Message), "blocks") || !strings.HasSuffix(in.Execution, ":8e1f") || in.Event != nil {
		t.Errorf("got %+v", in)
	}
}

// TestKeysThatNobodyKnows is a document to which the workflow has added what no step
// reads: why a step was passed over, what lies in a queue.
func TestKeysThatNobodyKnows(t *testing.T) {
	t.Parallel()
	text := strings.Replace(string(fixture(t)), `"plan":`,
		`"releaseFailure": {"Error": "Transient", "Cause": "{}"}, "failure": {"Error": "Permanent"}, "record": {"result": "delivered"}, "plan":`, 1)
	var in Input
	if err := json.Unmarshal([]byte(text), &in); err != nil || in.Document.Plan["slack"].Decision != deployment.Deliver {
		t.Errorf("got %+v, %v", in.Document.Plan, err)
	}
}

// TestEveryDocumentTravels writes documents of all kinds and reads them again.
func TestEveryDocumentTravels(t *testing.T) {
	t.Parallel()
	for name, doc := range channeltest.Documents() {
		first, err := json.Marshal(Input{Document: Document{Document: doc}, Execution: "e"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var in Input
		var before, after any
		if err := json.Unmarshal(first, &in); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		second, err := json.Marshal(in)
		if err := errors.Join(err, json.Unmarshal(first, &before), json.Unmarshal(second, &after)); err != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("%s: written %.500s, read %.500s, %v", name, first, second, err)
		}
	}
}

// FuzzInput looks for an input that stops a function.
func FuzzInput(f *testing.F) {
	if text, err := os.ReadFile("testdata/send.json"); err == nil {
		f.Add(text)
	}
	for _, text := range []string{``, `null`, `{}`, `{"event":{"id":"1"}}`, `{"document":{"deployment":{"time":"noon"}}}`, `{"document":null}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var in Input
		if json.Unmarshal(text, &in) != nil {
			return
		}
		if _, err := json.Marshal(in); err != nil {
			t.Errorf("read, and not written again: %v", err)
		}
	})
}
