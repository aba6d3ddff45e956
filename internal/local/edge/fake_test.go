package edge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/internal/local/fault"
)

const (
	clusterARN = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"
	serviceARN = "arn:aws:ecs:eu-west-1:123456789012:service/prod/shop"
	familyARN  = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:"
)

// fakeEngine stands in for the engine as measured: one deployment a service, always
// PRIMARY and COMPLETED, with a new hexadecimal id whenever one is started.
type fakeEngine struct {
	mu             sync.Mutex
	taskDefinition string
	desired        int
	deployments    int // how many were started
	breaker        *breaker
	requests       []received
	events         []putEntry
	refuseEvents   bool
	// refusePipelines is how the engine refuses a role that may not ask CodePipeline.
	refusePipelines bool
	// keys is whose an access key is.
	keys  map[string]string
	onPut func(putEntry)
}

type breaker struct {
	Enable   bool `json:"enable"`
	Rollback bool `json:"rollback"`
}

type received struct {
	target, host, uri string
	header            http.Header
	body              []byte
}

type putEntry struct {
	Source, DetailType, Detail, EventBusName string
	Resources                                []string
}

func (f *fakeEngine) service() map[string]any {
	configuration := map[string]any{"maximumPercent": 200}
	if f.breaker != nil {
		configuration["deploymentCircuitBreaker"] = f.breaker
	}
	return map[string]any{
		"serviceArn": serviceARN, "serviceName": "shop", "clusterArn": clusterARN, "status": "ACTIVE",
		"taskDefinition": f.taskDefinition, "desiredCount": f.desired, "runningCount": f.desired, "pendingCount": 0,
		"deploymentConfiguration": configuration,
		"unknownToTheEdge":        map[string]any{"big": json.Number("12345678901234567890")},
		"deployments": []map[string]any{{
			"id": fmt.Sprintf("ecs-svc/%020x", f.deployments), "status": "PRIMARY", "taskDefinition": f.taskDefinition,
			"desiredCount": f.desired, "runningCount": f.desired, "pendingCount": 0, "failedTasks": 0, "launchType": "FARGATE",
			"createdAt": 1795255200, "updatedAt": 1795255200, "rolloutState": "COMPLETED", "rolloutStateReason": "ECS deployment completed.",
		}},
	}
}

func (f *fakeEngine) update(in map[string]any) {
	if n, ok := in["desiredCount"].(float64); ok {
		f.desired = int(n)
	}
	wanted, _ := in["taskDefinition"].(string)
	if wanted != "" && !strings.HasPrefix(wanted, "arn:") {
		wanted = strings.TrimSuffix(familyARN, "shop:") + wanted
	}
	if force, _ := in["forceNewDeployment"].(bool); force || wanted != "" && wanted != f.taskDefinition {
		f.deployments++
		if wanted != "" {
			f.taskDefinition = wanted
		}
	}
}

func (f *fakeEngine) answer(target string, body []byte) (int, any) {
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	prefix, operation, _ := strings.Cut(target, ".")
	if prefix == "CodePipeline_20150709" {
		if f.refusePipelines {
			return 403, map[string]any{"__type": "AccessDeniedException", "message": "User: r is not authorized to perform: codepipeline:" + operation}
		}
		return 400, map[string]any{"error": "Unsupported service: codepipeline"}
	}
	named, _ := in["service"].(string)
	switch operation {
	case "DescribeServices":
		if c := in["cluster"]; c != "prod" && c != clusterARN {
			return 400, map[string]any{"__type": "ClusterNotFoundException", "message": "Cluster not found."}
		}
		ref := in["services"].([]any)[0]
		if ref != "shop" && ref != serviceARN {
			return 200, map[string]any{"services": []any{}, "failures": []any{map[string]any{"arn": ref, "reason": "MISSING"}}}
		}
		return 200, map[string]any{"services": []any{f.service()}, "failures": []any{}}
	case "UpdateService":
		if named != "shop" && named != serviceARN {
			return 400, map[string]any{"__type": "ServiceNotFoundException", "message": "Service not found."}
		}
		f.update(in)
		return 200, map[string]any{"service": f.service()}
	case "DescribeTaskDefinition":
		ref, _ := in["taskDefinition"].(string)
		name := ref[strings.LastIndex(ref, "/")+1:]
		if name != "shop:1" && name != "shop:2" {
			return 400, map[string]any{"__type": "ClientException", "message": "Unable to describe task definition."}
		}
		return 200, map[string]any{"taskDefinition": map[string]any{"taskDefinitionArn": strings.TrimSuffix(familyARN, "shop:") + name}}
	case "DescribeTasks":
		return 200, map[string]any{"tasks": []any{map[string]any{"taskArn": "t", "containers": []any{
			map[string]any{"name": "web", "image": "registry/shop:v1"},
			map[string]any{"name": "pinned", "image": "shop@sha256:" + strings.Repeat("ab", 32)},
			map[string]any{"name": "known", "image": "shop", "imageDigest": "sha256:known"},
			map[string]any{"name": "none"},
		}}}}
	case "PutEvents":
		var put struct{ Entries []putEntry }
		_ = json.Unmarshal(body, &put)
		if f.refuseEvents {
			return 200, map[string]any{"FailedEntryCount": 1, "Entries": []any{map[string]any{"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}}}
		}
		f.events = append(f.events, put.Entries...)
		return 200, map[string]any{"FailedEntryCount": 0, "Entries": []any{map[string]any{"EventId": "engine"}}}
	}
	return 200, map[string]any{"echo": string(body)}
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := readAll(r)
	f.mu.Lock()
	target := r.Header.Get("X-Amz-Target")
	f.requests = append(f.requests, received{target, r.Host, r.RequestURI, r.Header.Clone(), body})
	before := len(f.events)
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") == "GetAccessKeyInfo" {
		account, known := f.keys[form.Get("AccessKeyId")]
		f.mu.Unlock()
		w.Header().Set("Content-Type", "text/xml")
		if !known {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprintf(w, "<GetAccessKeyInfoResponse><GetAccessKeyInfoResult><Account>%s</Account></GetAccessKeyInfoResult></GetAccessKeyInfoResponse>", account)
		return
	}
	status, answer := f.answer(target, body)
	put := f.events[before:]
	onPut := f.onPut
	f.mu.Unlock()
	if onPut != nil {
		for _, entry := range put {
			onPut(entry)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Engine", "kept")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// last returns the newest request that the engine got.
func (f *fakeEngine) last() received {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[len(f.requests)-1]
}

// names returns the event names that were put, in order.
func (f *fakeEngine) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := []string{}
	for _, entry := range f.events {
		var detail struct{ EventName string }
		_ = json.Unmarshal([]byte(entry.Detail), &detail)
		names = append(names, strings.TrimPrefix(detail.EventName, "SERVICE_DEPLOYMENT_"))
	}
	return names
}

// world is an edge in front of a fake engine, with a clock that stands still.
type world struct {
	*Edge
	engine *fakeEngine
	faults *fault.Set
	url    string
	clock  time.Time
	timers []func()
}

func newWorld(t testing.TB, engine *fakeEngine) *world {
	t.Helper()
	engine.taskDefinition, engine.desired = familyARN+"1", 2
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{engine: engine, faults: new(fault.Set), clock: time.Date(2026, 11, 21, 10, 0, 0, 123e6, time.UTC)}
	w.Edge = New(Options{Engine: u, Account: "123456789012", Region: "eu-west-1", Faults: w.faults, Pipelines: []string{ship, "ship-staging"},
		Clock: func() time.Time { return w.clock }, RolloutTime: time.Minute})
	w.after = func(_ time.Duration, f func()) { w.timers = append(w.timers, f) }
	front := httptest.NewServer(w.Edge)
	t.Cleanup(front.Close)
	w.url = front.URL
	return w
}

// ring lets the time of every unattended rollout pass.
func (w *world) ring() {
	timers := w.timers
	w.timers = nil
	for _, f := range timers {
		f()
	}
}

// call sends an AWS JSON call to the edge and returns the decoded answer.
func (w *world) call(t testing.TB, operation, body string) map[string]any {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func (w *world) describe1(t testing.TB) map[string]any {
	t.Helper()
	answer := w.call(t, "DescribeServices", `{"cluster":"prod","services":["shop"]}`)
	return answer["services"].([]any)[0].(map[string]any)
}
