package deployment

import (
	"fmt"
	"strings"
	"testing"
)

var checkout = Deployment{
	Event: "e1", Name: "SERVICE_DEPLOYMENT_FAILED", Account: "123456789012", Region: "eu-west-1",
	Cluster: "shop", Service: "checkout", ID: "ecs-svc/1", Status: Failed, Kind: Ordinary,
}

func TestKeysReadAsDocumented(t *testing.T) {
	t.Parallel()
	without := func(change func(*Deployment)) Deployment {
		d := checkout
		change(&d)
		return d
	}
	rollback := without(func(d *Deployment) { d.Kind = Rollback })
	tests := []struct{ name, got, want string }{
		{"service", checkout.ServiceKey(), "123456789012/eu-west-1/shop/checkout"},
		{"service without a cluster", without(func(d *Deployment) { d.Cluster = "" }).ServiceKey(), "123456789012/eu-west-1/-/checkout"},
		{"deployment", checkout.Key(), "123456789012/eu-west-1/shop/checkout/ecs-svc/1"},
		{"rollback", rollback.Key(), "123456789012/eu-west-1/shop/checkout/ecs-svc/1/rollback"},
		{"a kind that is not known yet", Key(checkout, ""), checkout.Key()},
		{"deployment without an id", without(func(d *Deployment) { d.ID = "" }).Key(), "123456789012/eu-west-1/shop/checkout/event-e1"},
		{"event", checkout.ClaimKey(), "e1|123456789012/eu-west-1/shop/checkout/ecs-svc/1|SERVICE_DEPLOYMENT_FAILED"},
		{"rollback by the claim's word", Document{Deployment: checkout, Claim: &Claim{Kind: Rollback}}.Key(), rollback.Key()},
		{"rollback by the event's word", Document{Deployment: rollback}.Key(), rollback.Key()},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, test.got, test.want)
		}
	}
}

// variants are deployments of which any two differ in something that names them.
func variants() []Deployment {
	var all []Deployment
	for _, account := range []string{"123456789012", "123456789013"} {
		for _, region := range []string{"eu-west-1", "eu-west-2"} {
			for _, cluster := range []string{"shop", "", "shop-eu"} {
				for _, service := range []string{"checkout", "checkout-v2", "shop"} {
					for _, id := range []string{"ecs-svc/1", "ecs-svc/12", ""} {
						for _, kind := range []Kind{Ordinary, Rollback} {
							all = append(all, Deployment{Event: "e1", Name: "N", Account: account, Region: region,
								Cluster: cluster, Service: service, ID: id, Kind: kind})
						}
					}
				}
			}
		}
	}
	return all
}

func TestKeysAreUnique(t *testing.T) {
	t.Parallel()
	keys, claims := map[string]Deployment{}, map[string]Deployment{}
	for _, d := range variants() {
		if twin, taken := keys[d.Key()]; taken {
			t.Errorf("%s names %+v and %+v", d.Key(), twin, d)
		}
		keys[d.Key()] = d
		for _, event := range []string{"e1", "e2"} {
			for _, name := range []string{"N", "M"} {
				d.Event, d.Name = event, name
				if twin, taken := claims[d.ClaimKey()]; taken {
					t.Errorf("%s names %+v and %+v", d.ClaimKey(), twin, d)
				}
				claims[d.ClaimKey()] = d
			}
		}
	}
}

// TestEventsOfOneDeployment holds that what changes from event to event does not change
// the deployment's key, unless only the event names it.
func TestEventsOfOneDeployment(t *testing.T) {
	t.Parallel()
	later := checkout
	later.Event, later.Name, later.Status, later.Reason, later.Environment = "e2", "M", Succeeded, "done", "staging"
	if later.Key() != checkout.Key() || later.ServiceKey() != checkout.ServiceKey() || later.ClaimKey() == checkout.ClaimKey() {
		t.Errorf("%s and %s", later.Key(), checkout.Key())
	}
	unnamed := [2]Deployment{checkout, later}
	unnamed[0].ID, unnamed[1].ID = "", ""
	if unnamed[0].Key() == unnamed[1].Key() {
		t.Errorf("two deployments without an id are both %s", unnamed[0].Key())
	}
}

func TestKindOfADocument(t *testing.T) {
	t.Parallel()
	tests := []struct {
		event Kind
		claim *Claim
		want  Kind
	}{
		{Ordinary, nil, Ordinary},
		{Rollback, nil, Rollback},
		{Ordinary, &Claim{Kind: Rollback}, Rollback}, // the end of a rollback
		{Rollback, &Claim{Kind: Ordinary}, Ordinary},
		{Rollback, &Claim{Outcome: Unclaimed}, Rollback}, // the ledger could not be asked
		{Ordinary, &Claim{Outcome: Unclaimed}, Ordinary},
	}
	for _, test := range tests {
		doc := Document{Deployment: Deployment{Kind: test.event}, Claim: test.claim}
		if got := doc.Kind(); got != test.want {
			t.Errorf("event %s, claim %+v: got %s", test.event, test.claim, got)
		}
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]bool{InProgress: false, Succeeded: true, Failed: true, Unknown: false, "": false, "paused": false} {
		if status.Final() != want {
			t.Errorf("%s: %v", status, !want)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0123456789abcdef", 4)
	tests := []struct {
		image Image
		want  string
	}{
		{Image{Repository: "checkout", Tag: "1.42.0"}, "1.42.0"},
		{Image{Tag: "1.42.0", Digest: "sha256:" + hex}, "1.42.0"},
		{Image{Digest: "sha256:" + hex}, "0123456789ab"},
		{Image{Digest: "sha256:0123456789ab"}, "0123456789ab"},
		{Image{Digest: "sha256:0123"}, "0123"},
		{Image{Digest: "sha256:"}, ""},
		{Image{Digest: "sha256"}, ""},
		{Image{Repository: "checkout"}, ""},
		{Image{}, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.image), func(t *testing.T) {
			t.Parallel()
			if got := test.image.Version(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.image.IsZero() != (test.image == Image{}) {
				t.Errorf("IsZero is %v", test.image.IsZero())
			}
		})
	}
}

func TestCause(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		"ECS deployment circuit breaker: tasks failed to start.":       "tasks failed to start",
		"ECS deployment circuit breaker: task failed to start.":        "task failed to start",
		"ECS deployment failed: health checks of web:80 answer 503. ":  "health checks of web:80 answer 503",
		"ECS deployment ecs-svc/1 completed.":                          "",
		"ECS deployment ecs-svc/1 in progress.":                        "",
		"ECS deployment circuit breaker: rolling back to ecs-svc/1...": "rolling back to ecs-svc/1",
		"somebody: stopped it":                                         "somebody: stopped it",
		"":                                                             "",
	} {
		if got := (Deployment{Reason: reason}).Cause(); got != want {
			t.Errorf("%q: got %q, want %q", reason, got, want)
		}
	}
}
