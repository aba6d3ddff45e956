package account

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"checkout", "checkout", true},
		{"checkout", "checkout-v2", false},
		{"checkout*", "checkout", true},
		{"checkout*", "checkout-v2", true},
		{"*", "", true}, // old service ARNs name no cluster
		{"*", "anything_at-all", true},
		{"*-api", "checkout-api", true},
		{"*-api", "checkout-api-v2", false},
		{"shop-?", "shop-1", true},
		{"shop-?", "shop-12", false},
		{"Checkout", "checkout", false},
		{"", "", true},
		{"", "checkout", false},
		{"[", "[", false},
		{"check[", "checkout", false},
	}
	for _, test := range tests {
		if got := Match(test.pattern, test.name); got != test.want {
			t.Errorf("Match(%q, %q) = %v", test.pattern, test.name, got)
		}
	}
}

func TestEnvironmentOf(t *testing.T) {
	t.Parallel()
	a := Account{Environments: []Environment{
		{Name: "canary", Clusters: []string{"prod-*"}, Services: []string{"*-canary"}},
		{Name: "production", Production: true, Clusters: []string{"production", "prod-*"}},
		{Name: "tools", Services: []string{"tool-*"}},
		{Name: "never reached", Clusters: []string{"prod-eu"}},
	}}
	tests := []struct{ cluster, service, want string }{
		{"prod-eu", "checkout-canary", "canary"}, // both match, the first counts
		{"prod-eu", "checkout", "production"},
		{"production", "checkout-canary", "production"},
		{"prod-eu", "tool-x", "production"},
		{"elsewhere", "tool-x", "tools"},
		{"", "tool-x", "tools"}, // an empty list of clusters matches an unknown one, too
		{"elsewhere", "checkout", ""},
		{"", "checkout", ""},
	}
	for _, test := range tests {
		env, ok := a.EnvironmentOf(test.cluster, test.service)
		if env.Name != test.want || ok != (test.want != "") || env.Production != (test.want == "production") {
			t.Errorf("EnvironmentOf(%q, %q) = %+v, %v, want %q", test.cluster, test.service, env, ok, test.want)
		}
	}
	if env, ok := (Account{}).EnvironmentOf("production", "checkout"); ok || env.Production {
		t.Errorf("without environments: %+v, %v", env, ok)
	}
}

func TestServiceOf(t *testing.T) {
	t.Parallel()
	a := Account{Services: []Service{
		{Name: "checkout", Container: "app"}, {Name: "check*", Container: "web"}, {Name: "*-worker", Project: "shop/workers"},
	}}
	for service, want := range map[string]Service{
		"checkout":        a.Services[0],
		"checkout-worker": a.Services[1],
		"mail-worker":     a.Services[2],
		"search":          {},
	} {
		if got := a.ServiceOf(service); got != want {
			t.Errorf("ServiceOf(%q) = %+v", service, got)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	p := PagerDuty{Services: []string{"checkout", "search*"}}
	for service, want := range map[string]bool{"checkout": true, "search-v2": true, "checkout-v2": false, "": false} {
		if p.Pages(service) != want {
			t.Errorf("Pages(%q) = %v", service, !want)
		}
	}
	if (PagerDuty{}).Pages("checkout") {
		t.Error("no patterns page somebody")
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	tests := []struct{ template, want string }{
		{"/ecs/{cluster}/{service}/tag", "/ecs/shop/checkout/tag"},
		{"{service}{service}", "checkoutcheckout"},
		{"no names", "no names"},
		{"{Service} {tag} {", "{Service} {tag} {"},
		{"", ""},
	}
	for _, test := range tests {
		if got := Fill(test.template, "shop", "checkout"); got != test.want {
			t.Errorf("Fill(%q) = %q, want %q", test.template, got, test.want)
		}
	}
	if got := Fill("{cluster}/{service}", "{service}", "{cluster}"); got != "{service}/{cluster}" {
		t.Errorf("a name that looks like a place to fill was filled: %q", got)
	}
	a := Account{LastTag: DefaultLastTag}
	if got := a.LastTagParameter("shop", "checkout"); got != "/ecs/deployments/shop/checkout/last-tag" {
		t.Errorf("LastTagParameter = %q", got)
	}
}

// TestLoad hands an account to the Lambdas and reads it there.
func TestLoad(t *testing.T) {
	t.Parallel()
	want, err := Read(filepath.Join("..", "..", "infra", "accounts", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(file); err != nil || !reflect.DeepEqual(got, *want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, *want)
	}
	if err := os.WriteFile(file, []byte(`{"account": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil {
		t.Error("an account that is no text was taken")
	}
	if _, err := Load(file + ".missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
