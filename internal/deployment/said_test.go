package deployment

import (
	"encoding/json"
	"testing"
)

// TestSaid reads what a Catch hands over, and what a delivery has that was written before.
func TestSaid(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`{"detail":{"Error":"Unreachable","Cause":"{\"errorMessage\":\"slack refused it\",\"errorType\":\"Unreachable\"}"}}`: "slack refused it",
		`{"detail":{"Error":"States.Timeout"}}`:                           "",
		`{"detail":{"Error":"SNS.NotFoundException","Cause":"no topic"}}`: "no topic",
		`{"detail":"{\"errorMessage\":\"slack refused it\"}"}`:            "slack refused it",
		`{"detail":"in words"}`:                                           "in words",
		`{"detail":"{}"}`:                                                 "{}",
		`{}`:                                                              "",
	} {
		var d Delivery
		if err := json.Unmarshal([]byte(written), &d); err != nil || d.Detail.Words() != want {
			t.Errorf("%s: %q, %v", written, d.Detail.Words(), err)
		}
		again, err := json.Marshal(d)
		var e Delivery
		if err != nil || json.Unmarshal(again, &e) != nil || e.Detail != d.Detail {
			t.Errorf("%s: written again %s, %v", written, again, err)
		}
	}
	var d Delivery
	if err := json.Unmarshal([]byte(`{"detail":5}`), &d); err == nil {
		t.Error("a number was taken")
	}
}
