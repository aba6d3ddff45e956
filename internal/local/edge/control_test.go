package edge

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func TestControl(t *testing.T) {
	t.Parallel()
	const event = `{"version":"0","id":"ddca6449-b258-46c0-8653-e0e3aEXAMPLE","detail-type":"T","source":"aws.ecs","account":"111122223333","time":"2020-05-23T12:31:14Z","region":"us-west-2","resources":["r"],"detail":{"a":1}}`
	tests := []struct {
		name, path, body string
		status           int
		want             string // found in the answer
	}{
		{"nothing to finish", "/rollouts/finish", `{"cluster":"prod","service":"shop","outcome":"succeed"}`, 409, `"service shop: nothing is in progress"`},
		{"no outcome", "/rollouts/finish", `{"cluster":"prod","service":"shop"}`, 400, `"outcome: `},
		{"bad next", "/rollouts/next", `{"cluster":"prod","service":"shop","outcome":"x"}`, 400, `"outcome: `},
		{"next of none", "/rollouts/next", `{"cluster":"prod","service":"x","outcome":"fail"}`, 404, `no such active service`},
		{"no service", "/rollouts", `{"cluster":"prod"}`, 400, `"service: `},
		{"unknown service", "/rollouts", `{"cluster":"prod","service":"x"}`, 404, `"service x: no such active service`},
		{"unknown cluster", "/rollouts", `{"service":"shop"}`, 404, `no cluster default`},
		{"unknown task definition", "/rollouts", `{"cluster":"prod","service":"shop","taskDefinition":"shop:9"}`, 400, `"taskDefinition: `},
		{"unknown field", "/rollouts", `{"sevice":"shop"}`, 400, `sevice`},
		{"wrong type", "/rollouts", `{"cluster":1}`, 400, `"cluster: `},
		{"no JSON", "/rollouts", `x`, 400, `"body: `},
		{"start", "/rollouts", `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 200, `"event":{"version":"0"`},
		{"fail", "/rollouts/finish", `{"cluster":"prod","service":"shop","outcome":"fail"}`, 200, `SERVICE_DEPLOYMENT_FAILED`},
		{"next", "/rollouts/next", `{"cluster":"prod","service":"shop","outcome":"fail"}`, 200, `{"cluster":"prod","service":"shop","outcome":"fail"}`},
		{"event", "/events", event, 200, event},
		{"event without detail", "/events", `{"source":"s","detail-type":"t"}`, 400, `detail`},
		{"event with a list", "/events", `{"source":"s","detail-type":"t","detail":[]}`, 400, `detail`},
		{"event with null", "/events", `{"source":"s","detail-type":"t","detail":null}`, 400, `detail`},
		{"event without source", "/events", `{"detail-type":"t","detail":{}}`, 400, `source`},
		{"event without type", "/events", `{"source":"s","detail":{}}`, 400, `detail-type`},
		{"event with bad time", "/events", `{"time":"yesterday"}`, 400, `"time: `},
	}
	w := newWorld(t, &fakeEngine{breaker: &breaker{true, true}})
	control := httptest.NewServer(w.Control())
	t.Cleanup(control.Close)
	for _, tt := range tests { // in order: each finds what the ones before left
		resp, err := http.Post(control.URL+tt.path, "application/json", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		var answer json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status || !strings.Contains(string(answer), tt.want) {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, resp.StatusCode, answer, tt.status, tt.want)
		}
	}
	var list struct{ Rollouts []Rollout }
	get(t, control.URL+"/rollouts", &list)
	if len(list.Rollouts) != 1 || !list.Rollouts[0].Rollback || len(list.Rollouts[0].Deployments) != 2 {
		t.Errorf("the rollouts are %+v", list)
	}
	w.describe1(t)
	var counts map[string]int
	get(t, control.URL+"/counts", &counts)
	if !reflect.DeepEqual(counts, map[string]int{"ecs:DescribeServices": 1}) {
		t.Errorf("the counts are %v", counts)
	}
}

func get(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	detail := json.RawMessage(`{"n":12345678901234567890}`)
	if err := w.Put(t.Context(), Event{Source: "aws.ecs", DetailType: "T", Resources: []string{"r"}, Detail: detail}); err != nil {
		t.Fatal(err)
	}
	got := w.engine.events[0]
	var put struct {
		N        json.Number       `json:"n"`
		Envelope map[string]string `json:"_envelope"`
	}
	if err := json.Unmarshal([]byte(got.Detail), &put); err != nil {
		t.Fatal(err)
	}
	if len(put.Envelope["EventId"]) != 36 {
		t.Errorf("the id is %q", put.Envelope["EventId"])
	}
	delete(put.Envelope, "EventId")
	want := map[string]string{"Time": "2026-11-21T10:00:00Z", "Account": "123456789012", "Region": "eu-west-1"}
	if !reflect.DeepEqual(put.Envelope, want) || put.N != "12345678901234567890" {
		t.Errorf("got %+v", put)
	}
	if got.Source != "aws.ecs" || got.DetailType != "T" || !reflect.DeepEqual(got.Resources, []string{"r"}) {
		t.Errorf("got %+v", got)
	}
}

func TestPutRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{refuseEvents: true})
	err := w.Put(t.Context(), Event{Source: "aws.ecs", DetailType: "T", Detail: json.RawMessage(`{}`)})
	if err == nil || !strings.Contains(err.Error(), "NotAuthorizedForSourceException") {
		t.Errorf("got %v", err)
	}
	r, err := w.Start(t.Context(), "prod", "shop", "shop:2")
	if err == nil || !r.InProgress() {
		t.Errorf("got %+v, %v", r, err)
	}
}
