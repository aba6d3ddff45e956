package resolvetag_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"fanfare/internal/deployment"
)

const gone = "the image of this deployment is unknown to ECS"

// TestWhichDeployment holds the rule by which an entry is chosen. What must never
// happen: that 1.0.0, which is gone back to, is told as what failed.
func TestWhichDeployment(t *testing.T) {
	t.Parallel()
	again := rollingOut()
	again.Deployments[0], again.Deployments[1] = again.Deployments[1], again.Deployments[0]
	tests := []struct {
		name    string
		service *types.Service
		status  deployment.Status
		id      string
		image   string // the tag; empty when it must stay unknown, with a ? when it is only presumed
	}{
		{"by its id", rollingOut(), deployment.InProgress, id, "2.0.0"},
		{"by its id, wherever it stands", again, deployment.InProgress, id, "2.0.0"},
		{"done", service(entry(id, "PRIMARY", v2, "COMPLETED", "")), deployment.Succeeded, id, "2.0.0"},
		{"answer of old without rollout states", service(entry(id, "PRIMARY", v2, "", "")), deployment.Succeeded, id, "2.0.0"},
		{"a newer one is PRIMARY already", service(entry(newer, "PRIMARY", v1, "IN_PROGRESS", ""), entry(id, "ACTIVE", v2, "COMPLETED", "")), deployment.Succeeded, id, "2.0.0"},
		{"not listed yet, or no more", service(entry(older, "PRIMARY", v1, "COMPLETED", "")), deployment.InProgress, id, "1.0.0?"},
		{"done and replaced since", service(entry(newer, "PRIMARY", v1, "IN_PROGRESS", "")), deployment.Succeeded, id, "1.0.0?"},
		{"event without an id", rollingOut(), deployment.InProgress, "", "2.0.0"},
		{"event without an id, PRIMARY rolls back", rollingBack(), deployment.InProgress, "", ""},
		{"id of another form", rollingOut(), deployment.InProgress, "EZe5RNVLH6PPzHXINuP28", "2.0.0"},
		{"event of a status to come", rollingOut(), deployment.Unknown, id, "2.0.0"},

		{"failed, no rollback", service(entry(id, "PRIMARY", v2, "FAILED", "tasks failed to start."), entry(older, "ACTIVE", v1, "COMPLETED", "")), deployment.Failed, id, "2.0.0"},
		{"failed, rolling back", rollingBack(), deployment.Failed, id, "2.0.0"},
		{"failed and gone, rolling back", service(entry(newer, "PRIMARY", v1, "IN_PROGRESS", backTo)), deployment.Failed, id, ""},
		{"failed and gone, rolled back", service(entry(newer, "PRIMARY", v1, "COMPLETED", "ECS deployment completed.")), deployment.Failed, id, ""},
		{"failed and gone, PRIMARY says nothing", service(entry(older, "PRIMARY", v1, "", "")), deployment.Failed, id, ""},
		{"failed and gone, another failed", service(entry(newer, "PRIMARY", v1, "FAILED", "")), deployment.Failed, id, ""},
		{"failed without an id, PRIMARY failed", service(entry(id, "PRIMARY", v2, "FAILED", "")), deployment.Failed, "", "2.0.0"},
		{"failed without an id, PRIMARY in progress", service(entry(newer, "PRIMARY", v1, "IN_PROGRESS", "")), deployment.Failed, "", ""},
		{"failed, and the rollback bears its id", service(entry(id, "PRIMARY", v1, "IN_PROGRESS", backTo)), deployment.Failed, id, ""},
		{"failed, and the finished rollback bears its id", service(entry(id, "PRIMARY", v1, "COMPLETED", "")), deployment.Failed, id, ""},
		{"failed, and both bear its id, but not a reason", service(entry(id, "PRIMARY", v1, "IN_PROGRESS", ""), entry(id, "ACTIVE", v2, "FAILED", "")), deployment.Failed, id, "2.0.0"},
		{"in progress, and two bear its id", service(entry(id, "ACTIVE", v1, "COMPLETED", ""), entry(id, "PRIMARY", v2, "IN_PROGRESS", "")), deployment.InProgress, id, "2.0.0"},
		{"failed, and both bear its id", service(entry(id, "PRIMARY", v1, "IN_PROGRESS", backTo), entry(id, "ACTIVE", v2, "FAILED", "")), deployment.Failed, id, "2.0.0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			w.service = test.service
			got := resolve(t, w, shop, document(test.status, deployment.Ordinary, test.id))
			want, presumed := strings.CutSuffix(test.image, "?")
			if got.Presumed != presumed || presumed && (got.Outcome != deployment.UnknownRelease || len(w.saved) > 0) {
				t.Errorf("presumed is to be %t, unknown and not kept: got %+v, saved %v", presumed, got, w.saved)
			}
			if got.Image.Tag != want || (got.Reason == gone) != (test.image == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	tried := deployment.Image{Repository: registry, Tag: "2.0.0"}
	finished := service(entry(newer, "PRIMARY", v1, "COMPLETED", ""))
	twice := rollingBack()
	twice.Deployments = append(twice.Deployments, entry("ecs-svc/4", "ACTIVE", v1, "FAILED", ""))
	for i, minute := range []int{9, 5, 2} {
		twice.Deployments[i].CreatedAt = aws.Time(time.Date(2026, 3, 14, 9, minute, 0, 0, time.UTC))
	}
	tests := []struct {
		name     string
		service  *types.Service
		status   deployment.Status
		id       string
		tried    deployment.Image
		err      error
		image    string
		previous string
		reason   string
	}{
		{"begins", rollingBack(), deployment.InProgress, newer, deployment.Image{}, nil, "1.0.0", "2.0.0", ""},
		{"its event bears the id of what failed", rollingBack(), deployment.InProgress, id, deployment.Image{}, nil, "1.0.0", "2.0.0", ""},
		{"its event bears an id that is not listed", rollingBack(), deployment.InProgress, older, deployment.Image{}, nil, "1.0.0", "2.0.0", ""},
		{"its event bears no id", rollingBack(), deployment.InProgress, "", deployment.Image{}, nil, "1.0.0", "2.0.0", ""},
		{"several failed: the newest counts", twice, deployment.InProgress, newer, deployment.Image{}, nil, "1.0.0", "2.0.0", ""},
		{"ends, and the ledger knows what was tried", finished, deployment.Succeeded, newer, tried, nil, "1.0.0", "2.0.0", ""},
		{"ends without an id", finished, deployment.Succeeded, "", tried, nil, "1.0.0", "2.0.0", ""},
		{"ends, and nobody knows", finished, deployment.Succeeded, newer, deployment.Image{}, nil, "1.0.0", "", "what is taken back is unknown"},
		{"ends, and the same was tried", finished, deployment.Succeeded, newer, deployment.Image{Repository: registry, Tag: "1.0.0"}, nil, "1.0.0", "", "what is taken back is unknown"},
		{"ends, and another is PRIMARY", service(entry("ecs-svc/4", "PRIMARY", v2, "IN_PROGRESS", "")), deployment.Succeeded, newer, tried, nil, "", "2.0.0", gone},
		{"fails", service(entry(newer, "PRIMARY", v1, "FAILED", backTo), entry(id, "ACTIVE", v2, "FAILED", "")), deployment.Failed, newer, deployment.Image{}, nil, "1.0.0", "2.0.0", ""},
		{"the ledger is out of reach", finished, deployment.Succeeded, newer, tried, refused("InternalServerError"), "1.0.0", "", "what is taken back is unknown: the ledger was not reachable"},
		{"no such service", nil, deployment.InProgress, newer, tried, nil, "", "2.0.0", "ECS does not know the service"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			w.service, w.tried, w.ledgerErr = test.service, test.tried, test.err
			got := resolve(t, w, shop, document(test.status, deployment.Rollback, test.id))
			if got.Outcome != deployment.RollbackRelease || got.Image.Tag != test.image || got.Previous.Tag != test.previous || got.Reason != test.reason {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestClaimTellsTheRollback ends a rollback: only the claim still knows that it is one.
func TestClaimTellsTheRollback(t *testing.T) {
	t.Parallel()
	w := usual()
	w.service = rollingBack()
	doc := document(deployment.Succeeded, deployment.Ordinary, newer)
	doc.Claim = &deployment.Claim{Kind: deployment.Rollback}
	if got := resolve(t, w, shop, doc); got.Outcome != deployment.RollbackRelease || got.Image.Tag != "1.0.0" || got.Previous.Tag != "2.0.0" {
		t.Errorf("got %+v", got)
	}
}

func TestTaskSets(t *testing.T) {
	t.Parallel()
	set := func(id, status, definition string) types.TaskSet {
		return types.TaskSet{Id: aws.String(id), Status: aws.String(status), TaskDefinition: aws.String(definition)}
	}
	tests := []struct {
		name   string
		sets   []types.TaskSet
		status deployment.Status
		image  string
	}{
		{"by its id", []types.TaskSet{set(older, "PRIMARY", v1), set(id, "ACTIVE", v2)}, deployment.InProgress, "2.0.0"},
		{"PRIMARY", []types.TaskSet{set(older, "ACTIVE", v1), set(newer, "PRIMARY", v2)}, deployment.Succeeded, "2.0.0"},
		{"none: the service's own", nil, deployment.Succeeded, "1.0.0"},
		{"nil pointers: the service's own", []types.TaskSet{{}}, deployment.Succeeded, "1.0.0"},
		{"failed, by its id", []types.TaskSet{set(older, "PRIMARY", v1), set(id, "ACTIVE", v2)}, deployment.Failed, "2.0.0"},
		{"failed and gone", []types.TaskSet{set(older, "PRIMARY", v1)}, deployment.Failed, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			w.service = service()
			w.service.TaskSets = test.sets
			if got := resolve(t, w, shop, document(test.status, deployment.Ordinary, id)); got.Image.Tag != test.image {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// FuzzResolve gives the step any service and task definition: it must not panic, must
// say why when it finds nothing, and must say it in one clean line.
func FuzzResolve(f *testing.F) {
	f.Add(`{"deployments":[{"id":"`+id+`","status":"PRIMARY","taskDefinition":"`+v2+`","rolloutState":"FAILED"},{"rolloutState":"FAILED"}],"tags":[{"key":"fanfare:gitlab-project","value":"a/b"}]}`,
		`{"containerDefinitions":[{"name":"checkout","image":"shop/checkout:2","essential":true},{"name":"envoy"}]}`, "1.0.0", "failed", id, true)
	f.Add(`{"taskSets":[{"status":"PRIMARY"}],"loadBalancers":[{}]}`, `{"containerDefinitions":[{}]}`, "", "in_progress", "", false)
	f.Fuzz(func(t *testing.T, answer, definition, tag, status, id string, rollback bool) {
		var found types.Service
		var task types.TaskDefinition
		if json.Unmarshal([]byte(answer), &found) != nil || json.Unmarshal([]byte(definition), &task) != nil {
			t.Skip()
		}
		w := usual()
		w.service, w.tag = &found, tag
		for _, arn := range []string{v1, v2, ""} {
			w.definitions[arn] = &task
		}
		kind := deployment.Ordinary
		if rollback {
			kind = deployment.Rollback
		}
		got := resolve(t, w, shop, document(deployment.Status(status), kind, id))
		if got.Image.IsZero() && got.Reason == "" || (got.Outcome == deployment.RollbackRelease) != rollback {
			t.Errorf("got %+v", got)
		}
		for _, s := range []string{got.Reason, got.Container, got.Project} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("not one clean line: %q", s)
			}
		}
	})
}
