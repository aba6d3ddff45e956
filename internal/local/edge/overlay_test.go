package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDescribeTasksHasDigests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	answer := w.call(t, "DescribeTasks", `{"cluster":"prod","tasks":["t"]}`)
	got := map[string]any{}
	for _, c := range answer["tasks"].([]any)[0].(map[string]any)["containers"].([]any) {
		c := c.(map[string]any)
		got[c["name"].(string)] = c["imageDigest"]
	}
	want := map[string]any{
		"web":    "sha256:03a1f7134119c0c10ccde65d3de0250c0b6fe7a11fcd70dad66aa073b1b2377f",
		"pinned": "sha256:" + strings.Repeat("ab", 32), "known": "sha256:known", "none": nil,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestDeploymentID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "ecs-svc/0000000000000000000a", "ecs-svc/12345678901234567890", "x"} {
		got := deploymentID(id)
		if !ecsDeploymentID.MatchString(got) || got != deploymentID(id) {
			t.Errorf("%q became %q", id, got)
		}
		if deploymentID(got) != got {
			t.Errorf("%q did not stay", got)
		}
	}
}

// Whatever the engine answers, the edge answers, and passes on what is no JSON.
func FuzzLayOver(f *testing.F) {
	f.Add(`{"services":[{"serviceArn":"a","deployments":[{"id":"ecs-svc/1"}]}]}`, true)
	f.Add(`{"services":[{"serviceArn":"`+serviceARN+`","deployments":[{"id":"ecs-svc/a"},null]},null]}`, true)
	f.Add(`{"services":{},"tasks":[{"containers":[{"image":"a@sha256:"},7]}]}`, false)
	f.Add(`[`, false)
	f.Fuzz(func(t *testing.T, body string, services bool) {
		e := &Edge{shared: &shared{now: time.Now, rollouts: map[string]Rollout{serviceARN: {ServiceARN: serviceARN, engineID: "ecs-svc/a", Deployments: []Deployment{{ID: "x"}, {ID: "y"}}}}}}
		c := &call{protocol: jsonProtocol, operation: "ecs:DescribeTasks"}
		if services {
			c.operation = "ecs:DescribeServices"
		}
		w := httptest.NewRecorder()
		_, _ = w.WriteString(body)
		resp := w.Result()
		resp.Request = httptest.NewRequest(http.MethodPost, "/", nil).WithContext(context.WithValue(t.Context(), callKey{}, c))
		if err := e.layOver(resp); err != nil {
			return
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(resp.Body)
		if json.Valid([]byte(body)) != json.Valid(b.Bytes()) {
			t.Errorf("%q became %q", body, b.String())
		}
	})
}
