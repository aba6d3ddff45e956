package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fanfare/internal/local/fault"
)

// callAWS sends a call of AWS JSON, as a client that cannot retry.
func callAWS(t *testing.T, to, target, body string) (status int, header http.Header, answer string, err error) {
	t.Helper()
	r, err := http.NewRequest("POST", to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b), err
}

func TestLateFaults(t *testing.T) {
	t.Parallel()
	const put, echoed = "DynamoDB_20120810.PutItem", `{"echo":`
	for name, tt := range map[string]struct {
		fault    fault.Fault
		reached  int // how many calls the engine got
		status   int // 0 when there is no whole answer
		contains string
	}{
		"throttled":           {fault.Fault{Kind: fault.Status, Status: 400}, 0, 400, "ThrottlingException"},
		"throttled, after":    {fault.Fault{Kind: fault.Status, Status: 400, After: true}, 1, 400, "ThrottlingException"},
		"dropped":             {fault.Fault{Kind: fault.Drop}, 0, 0, ""},
		"dropped, after":      {fault.Fault{Kind: fault.Drop, After: true}, 1, 0, ""},
		"truncated":           {fault.Fault{Kind: fault.Truncate}, 1, 0, ""},
		"garbage":             {fault.Fault{Kind: fault.Garbage}, 0, 200, "not json"},
		"garbage, after":      {fault.Fault{Kind: fault.Garbage, After: true}, 1, 200, "not json"},
		"hanging":             {fault.Fault{Kind: fault.Hang, DelayMS: 1}, 0, 0, ""},
		"hanging, after":      {fault.Fault{Kind: fault.Hang, DelayMS: 1, After: true}, 1, 0, ""},
		"killed by nobody":    {fault.Fault{Kind: fault.Kill}, 0, 500, "no Lambda worker"},
		"killed, after":       {fault.Fault{Kind: fault.Kill, After: true}, 1, 500, "no Lambda worker"},
		"delayed":             {fault.Fault{Kind: fault.Delay, DelayMS: 1}, 1, 200, echoed},
		"delayed, after":      {fault.Fault{Kind: fault.Delay, DelayMS: 1, After: true}, 1, 200, echoed},
		"of this key":         {fault.Fault{Kind: fault.Drop, Key: `"shop-1"`}, 0, 0, ""},
		"of another key":      {fault.Fault{Kind: fault.Drop, Key: "shop-2"}, 1, 200, echoed},
		"of another call":     {fault.Fault{Kind: fault.Drop, Match: "dynamodb:UpdateItem"}, 1, 200, echoed},
		"of a call and a key": {fault.Fault{Kind: fault.Drop, Match: "dynamodb:PutItem", Key: "shop-1"}, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{})
			tt.fault.Target, tt.fault.Times = "aws", 1
			if err := w.faults.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			body := `{"Item":{"service":{"S":"shop-1"},"more":{"S":"` + strings.Repeat("x", 2*maxPeek) + `"}}}`
			status, header, answer, err := callAWS(t, w.url, put, body)
			if tt.status == 0 && err == nil || tt.status != 0 && (err != nil || status != tt.status || !strings.Contains(answer, tt.contains)) {
				t.Errorf("got %d %.300s (%v)", status, answer, err)
			}
			if asUsual := tt.contains == echoed; asUsual != (header.Get("X-Engine") != "") {
				t.Errorf("the headers are %v", header)
			}
			w.engine.mu.Lock()
			defer w.engine.mu.Unlock()
			if n := len(w.engine.requests); n != tt.reached {
				t.Errorf("the engine got %d calls, %d expected", n, tt.reached)
			} else if n == 1 && string(w.engine.requests[0].body) != body {
				t.Errorf("the engine got a body of %d bytes, %d expected", len(w.engine.requests[0].body), len(body))
			}
		})
	}
}

// What the engine does late it does as usual: the edge lays its rollouts over it, and lets
// go of its lock.
func TestUpdateServiceWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{taskDefinition: familyARN + "1", desired: 2})
	if err := w.faults.Add(fault.Fault{Target: "aws", Match: "ecs:UpdateService", Kind: fault.Drop, After: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	const update, body = "AmazonEC2ContainerServiceV20141113.UpdateService", `{"cluster":"prod","service":"shop","forceNewDeployment":true}`
	if _, _, answer, err := callAWS(t, w.url, update, body); err == nil {
		t.Errorf("got %s", answer)
	}
	if n := len(w.Rollouts()); n != 1 {
		t.Errorf("%d rollouts are known", n)
	}
	if status, _, answer, err := callAWS(t, w.url, update, body); status != 200 {
		t.Errorf("the next: %d %s (%v)", status, answer, err)
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{})
			if err := w.faults.Add(fault.Fault{Target: "aws", Kind: fault.Hang, After: after}); err != nil {
				t.Fatal(err)
			}
			over := make(chan struct{})
			front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				defer close(over)
				w.ServeHTTP(rw, r)
			}))
			defer front.Close()
			client := http.Client{Timeout: 100 * time.Millisecond}
			resp, err := client.Post(front.URL, "application/json", strings.NewReader(strings.Repeat("x", 2*maxPeek)))
			if err == nil {
				resp.Body.Close()
				t.Error("there is an answer")
			}
			select {
			case <-over:
			case <-time.After(20 * time.Second):
				t.Error("it hangs although nobody waits any more")
			}
		})
	}
}
