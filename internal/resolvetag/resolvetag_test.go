package resolvetag_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/resolvetag"
)

var digest, otherDigest = "sha256:" + strings.Repeat("0a", 32), "sha256:" + strings.Repeat("0b", 32)

func TestLastGood(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, image, tag string
		err              error
		outcome          deployment.ReleaseOutcome
		previous         deployment.Image
		reason           string
	}{
		{"another tag", ":2.0.0", "1.0.0", nil, deployment.NewRelease, deployment.Image{Tag: "1.0.0"}, ""},
		{"blanks around the tag", ":2.0.0", " 1.0.0\n", nil, deployment.NewRelease, deployment.Image{Tag: "1.0.0"}, ""},
		{"no tag kept yet", ":2.0.0", "", nil, deployment.FirstRelease, deployment.Image{}, ""},
		{"the same tag", ":2.0.0", "2.0.0", nil, deployment.SameRelease, deployment.Image{Tag: "2.0.0"}, ""},
		{"the same digest", "@" + digest, digest, nil, deployment.SameRelease, deployment.Image{Digest: digest}, ""},
		{"another digest", "@" + digest, otherDigest, nil, deployment.NewRelease, deployment.Image{Digest: otherDigest}, ""},
		{"the same digest under another tag", ":2.0.0@" + digest, "1.0.0@" + digest, nil, deployment.SameRelease, deployment.Image{Tag: "1.0.0", Digest: digest}, ""},
		{"the same tag with another digest", ":main@" + digest, "main@" + otherDigest, nil, deployment.NewRelease, deployment.Image{Tag: "main", Digest: otherDigest}, ""},
		{"the same tag, one digest unknown", ":main@" + digest, "main", nil, deployment.SameRelease, deployment.Image{Tag: "main"}, ""},
		{"a digest after a tag", "@" + digest, "1.0.0", nil, deployment.NewRelease, deployment.Image{Tag: "1.0.0"}, ""},
		{"latest again", "", "latest", nil, deployment.UnknownRelease, deployment.Image{Tag: "latest"}, "the tag latest does not tell one image from another"},
		{"nonsense kept", ":2.0.0", "<!channel> 1", nil, deployment.UnknownRelease, deployment.Image{}, "the previous tag could not be read: its parameter holds neither a tag nor a digest"},
		{"blanks kept", ":2.0.0", "  ", nil, deployment.UnknownRelease, deployment.Image{}, "the previous tag could not be read: its parameter holds neither a tag nor a digest"},
		{"throttled", ":2.0.0", "1.0.0", refused("ThrottlingException"), deployment.UnknownRelease, deployment.Image{}, "the previous tag could not be read: Parameter Store was too busy to answer"},
		{"not allowed", ":2.0.0", "1.0.0", refused("AccessDeniedException"), deployment.UnknownRelease, deployment.Image{}, "the previous tag could not be read: Parameter Store refused access"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			w.definitions[v2] = defined(container("checkout", registry+test.image))
			w.tag, w.tagErr = test.tag, test.err
			got := resolve(t, w, shop, document(deployment.InProgress, deployment.Ordinary, id))
			if got.Outcome != test.outcome || got.Previous != test.previous || got.Reason != test.reason {
				t.Errorf("got %+v", got)
			}
			if got.Image.Repository != registry || len(w.saved) != 1 || w.saved[0] != got {
				t.Errorf("got %+v, saved %+v", got, w.saved)
			}
		})
	}
}

func TestDegrades(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	tests := []struct {
		name   string
		world  func(w *world)
		doc    func(d *deployment.Deployment)
		reason string
		calls  int
	}{
		{name: "another account", doc: func(d *deployment.Deployment) { d.Account = "111111111111" }, reason: "deployed in another account or region"},
		{name: "another region", doc: func(d *deployment.Deployment) { d.Region = "eu-north-1" }, reason: "deployed in another account or region"},
		{name: "no cluster", doc: func(d *deployment.Deployment) { d.Cluster = "" }, reason: "the event does not name the cluster"},
		{name: "no such service", world: func(w *world) { w.service = nil }, reason: "ECS does not know the service", calls: 3},
		{name: "no such cluster", world: func(w *world) { w.servicesErr = refused("ClusterNotFoundException") }, reason: "ECS does not know the cluster", calls: 3},
		{name: "ECS is throttled", world: func(w *world) { w.servicesErr = refused("ThrottlingException") }, reason: "ECS was too busy to answer", calls: 3},
		{name: "ECS refuses", world: func(w *world) { w.servicesErr = refused("AccessDeniedException") }, reason: "ECS refused access", calls: 3},
		{name: "ECS is broken", world: func(w *world) { w.servicesErr = broken }, reason: "ECS was not reachable", calls: 3},
		{name: "task definition is throttled", world: func(w *world) { w.definitionErr = refused("ThrottlingException") }, reason: "ECS was too busy to answer", calls: 4},
		{name: "task definition is gone", world: func(w *world) { clear(w.definitions) }, reason: "ECS does not know the task definition", calls: 4},
		{name: "task definition without containers", world: func(w *world) { w.definitions[v2] = defined() }, reason: "the task definition has no containers", calls: 4},
		{name: "no task definition in the answer", world: func(w *world) { w.definitions[v2] = nil }, reason: "the task definition has no containers", calls: 4},
		{name: "empty image", world: func(w *world) { w.definitions[v2] = defined(container("checkout", "")) }, reason: "the image of container checkout could not be read", calls: 4},
		{name: "container of nil pointers", world: func(w *world) { w.definitions[v2] = defined(types.ContainerDefinition{}) }, reason: "the image of container without a name could not be read", calls: 4},
		{name: "deployment of nil pointers", world: func(w *world) { w.service = service(types.Deployment{}) }, reason: "the image of this deployment is unknown to ECS", calls: 3},
		{name: "service of nil pointers", world: func(w *world) { w.service = &types.Service{} }, reason: "the image of this deployment is unknown to ECS", calls: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, doc := usual(), document(deployment.InProgress, deployment.Ordinary, id)
			if test.world != nil {
				test.world(w)
			}
			if test.doc != nil {
				test.doc(&doc.Deployment)
			}
			got := resolve(t, w, shop, doc)
			if got.Outcome != deployment.UnknownRelease || !got.Image.IsZero() || got.Reason != test.reason {
				t.Errorf("got %+v", got)
			}
			if asked := test.calls > 0; asked && got.Previous.Tag != "1.0.0" || len(w.calls) != test.calls || len(w.saved) > 0 {
				t.Errorf("got %+v after %v", got, w.calls)
			}
		})
	}
}

func TestReasonsAreJoined(t *testing.T) {
	t.Parallel()
	w := usual()
	w.servicesErr, w.tagErr = refused("ServerException"), refused("InternalServerError")
	got := resolve(t, w, shop, document(deployment.Failed, deployment.Ordinary, id))
	want := "ECS was not reachable; the previous tag could not be read: Parameter Store was not reachable"
	if got.Reason != want || got.Outcome != deployment.UnknownRelease {
		t.Errorf("got %+v", got)
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	doc := document(deployment.Succeeded, deployment.Ordinary, id)
	known := deployment.Release{Outcome: deployment.NewRelease, Image: deployment.Image{Repository: "r", Tag: "9"}, Reason: "as it was"}

	t.Run("an earlier event found the release", func(t *testing.T) {
		t.Parallel()
		w := usual()
		w.ledger = map[string]deployment.Release{doc.Key(): known}
		if got := resolve(t, w, shop, doc); got != known || !slices.Equal(w.calls, []string{"Release"}) {
			t.Errorf("got %+v after %v", got, w.calls)
		}
	})
	t.Run("an earlier event found no image", func(t *testing.T) {
		t.Parallel()
		w := usual()
		w.ledger = map[string]deployment.Release{doc.Key(): {Outcome: deployment.UnknownRelease, Reason: "then"}}
		if got := resolve(t, w, shop, doc); got.Image.Tag != "2.0.0" || got.Reason != "" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the rollback's release is another one", func(t *testing.T) {
		t.Parallel()
		w := usual()
		w.service = rollingBack()
		w.ledger = map[string]deployment.Release{doc.Key(): known}
		if got := resolve(t, w, shop, document(deployment.InProgress, deployment.Rollback, id)); got.Image.Tag != "1.0.0" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("out of reach", func(t *testing.T) {
		t.Parallel()
		w := usual()
		w.ledgerErr = refused("InternalServerError")
		if got := resolve(t, w, shop, doc); got.Outcome != deployment.NewRelease || got.Image.Tag != "2.0.0" || got.Reason != "" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("out of reach a moment ago: it is not asked again", func(t *testing.T) {
		t.Parallel()
		w, unclaimed := usual(), doc
		w.ledgerErr = errHang
		unclaimed.Claim = &deployment.Claim{Outcome: deployment.Unclaimed}
		if got := resolve(t, w, shop, unclaimed); got.Image.Tag != "2.0.0" || slices.Contains(w.calls, "Release") || slices.Contains(w.calls, "SaveRelease") {
			t.Errorf("got %+v after %v", got, w.calls)
		}
	})
	t.Run("out of reach, and the last tag may have moved on already", func(t *testing.T) {
		t.Parallel()
		w := usual()
		w.ledgerErr, w.tag = refused("InternalServerError"), "2.0.0"
		if got := resolve(t, w, shop, doc); got.Outcome != deployment.UnknownRelease || got.Image.Tag != "2.0.0" || got.Reason != "the ledger could not be read" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTagsAndStart(t *testing.T) {
	t.Parallel()
	w := usual()
	started := time.Date(2026, 3, 14, 9, 26, 50, 0, time.UTC)
	w.service.Deployments[0].CreatedAt = &started
	w.service.Tags = []types.Tag{{}, {Key: aws.String("team"), Value: aws.String("shop")}, {Key: aws.String(resolvetag.ProjectTag), Value: aws.String(" shop/checkout\n")}}
	got := resolve(t, w, shop, document(deployment.InProgress, deployment.Ordinary, id))
	if got.Project != "shop/checkout" || !got.StartedAt.Equal(started) || got.TaskDefinition != v2 || got.Container != "checkout" {
		t.Errorf("got %+v", got)
	}
}

// TestBudget lets every part hang in turn: the others are still asked, and all together
// never take longer than the budget.
func TestBudget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		world func(w *world)
		takes time.Duration
		image string
		tag   string
		words string
	}{
		{"services", func(w *world) { w.servicesErr = errHang }, resolvetag.CallLimit, "", "1.0.0", "ECS did not answer in time"},
		{"task definitions", func(w *world) { w.definitionErr = errHang }, resolvetag.CallLimit, "", "1.0.0", "ECS did not answer in time"},
		{"parameters", func(w *world) { w.tagErr = errHang }, resolvetag.CallLimit, "2.0.0", "", "the previous tag could not be read: Parameter Store did not answer in time"},
		{"ledger", func(w *world) { w.ledgerErr = errHang }, 2 * resolvetag.CallLimit, "2.0.0", "1.0.0", ""},
		{"all", func(w *world) { w.ledgerErr, w.servicesErr, w.tagErr = errHang, errHang, errHang }, resolvetag.Budget, "", "", "ECS did not answer in time; the previous tag could not be read: Parameter Store did not answer in time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, began := usual(), time.Now()
				test.world(w)
				got := resolve(t, w, shop, document(deployment.InProgress, deployment.Ordinary, id))
				if took := time.Since(began); took != test.takes {
					t.Errorf("took %v, want %v", took, test.takes)
				}
				if got.Image.Tag != test.image || got.Previous.Tag != test.tag || got.Reason != test.words {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
	t.Run("the caller has no time left", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		got := resolveIn(ctx, t, usual(), shop, document(deployment.InProgress, deployment.Ordinary, id))
		if got.Outcome != deployment.UnknownRelease || !strings.HasPrefix(got.Reason, "ECS did not answer in time") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestContainer(t *testing.T) {
	t.Parallel()
	unessential := container("migrate", "shop/migrate:1")
	unessential.Essential = aws.Bool(false)
	router := container("anything", "shop/own-router:1")
	router.FirelensConfiguration = &types.FirelensConfiguration{Type: types.FirelensConfigurationTypeFluentbit}
	app := container("web", "shop/web:2")
	tests := []struct {
		name       string
		containers []types.ContainerDefinition
		balanced   string
		account    func(a *account.Account)
		want       string
		reason     string
	}{
		{name: "the only one", containers: []types.ContainerDefinition{app}, want: "web"},
		{name: "the first of two", containers: []types.ContainerDefinition{app, container("worker", "shop/worker:1")}, want: "web"},
		{name: "not the essential first", containers: []types.ContainerDefinition{unessential, app}, want: "web"},
		{name: "behind the load balancer", containers: []types.ContainerDefinition{container("worker", "shop/worker:1"), app}, balanced: "web", want: "web"},
		{name: "proxy behind the load balancer", containers: []types.ContainerDefinition{container("envoy", "public.ecr.aws/appmesh/aws-appmesh-envoy:v1"), app}, balanced: "envoy", want: "web"},
		{name: "load balancer names one that is not there", containers: []types.ContainerDefinition{app}, balanced: "gone", want: "web"},
		{name: "sidecar by name", containers: []types.ContainerDefinition{container("log_router", "shop/logs:1"), app}, want: "web"},
		{name: "sidecar by image", containers: []types.ContainerDefinition{container("logs", "amazon/aws-for-fluent-bit:stable"), app}, want: "web"},
		{name: "sidecar by image and what stands before it", containers: []types.ContainerDefinition{container("metrics", "public.ecr.aws/datadog/agent:7"), app}, want: "web"},
		{name: "sidecar by FireLens", containers: []types.ContainerDefinition{router, app}, want: "web"},
		{name: "sidecar by the account file", containers: []types.ContainerDefinition{container("clock", "shop/clock:1"), app}, account: func(a *account.Account) { a.Sidecars = []string{"clock"} }, want: "web"},
		{name: "X-Ray, OpenTelemetry, GuardDuty", containers: []types.ContainerDefinition{
			container("a", "public.ecr.aws/xray/aws-xray-daemon:3.x"), container("b", "public.ecr.aws/aws-observability/aws-otel-collector:v0"),
			container("aws-guardduty-agent-XyZ", "x/y:1"), app}, want: "web"},
		{name: "all sidecars", containers: []types.ContainerDefinition{unessential, container("envoy", "shop/envoy:1"), router}, want: "envoy"},
		{name: "none essential", containers: []types.ContainerDefinition{unessential}, want: "migrate"},
		{name: "named in the account file", containers: []types.ContainerDefinition{app, unessential}, balanced: "web",
			account: func(a *account.Account) {
				a.Services = []account.Service{{Name: "check*", Container: "migrate"}}
			}, want: "migrate"},
		{name: "named in the account file, but not there", containers: []types.ContainerDefinition{app},
			account: func(a *account.Account) {
				a.Services = []account.Service{{Name: "checkout", Container: "gone"}}
			}, want: "web",
			reason: "the task definition has no container gone, which the account file names"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, a := usual(), shop
			w.definitions[v2] = defined(test.containers...)
			w.service.LoadBalancers = []types.LoadBalancer{{}}
			if test.balanced != "" {
				w.service.LoadBalancers = append(w.service.LoadBalancers, types.LoadBalancer{ContainerName: &test.balanced})
			}
			if test.account != nil {
				test.account(&a)
			}
			got := resolve(t, w, a, document(deployment.InProgress, deployment.Ordinary, id))
			if got.Container != test.want || got.Image.IsZero() || got.Reason != test.reason || got.Outcome != deployment.NewRelease {
				t.Errorf("got %+v", got)
			}
		})
	}
}
