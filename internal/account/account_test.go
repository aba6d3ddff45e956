package account

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
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
		if got := a.ServiceOf(service); !reflect.DeepEqual(got, want) {
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
	want := Account{
		ID: "123456789012", Region: "eu-west-1", Clusters: []string{"production"},
		Environments: []Environment{{Name: "production", Production: true, Clusters: []string{"prod-*"}, Told: Told{Channels: []string{"slack"}}}},
		Services:     []Service{{Name: "checkout", Container: "app", Told: Told{SlackChannel: "C1"}}},
		Pipelines:    []Pipeline{{Name: "search", Environment: "production", Told: Told{Channels: []string{"sns"}, SlackChannel: "C2"}}},
		Windows:      []Window{{Name: "upgrade", Start: "2026-01-04T02:00", Services: []string{"*"}, Quiets: []string{"sns"}}},
		PagerDuty:    &PagerDuty{Services: []string{"*"}, Pipelines: []string{}}, // [] is not the default
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(file); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
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

// TestTags has the same keys in the file that people write as in the one that is handed
// over, and every field in both.
func TestTags(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			field := typ.Field(i)
			if field.Anonymous {
				if field.Tag != `yaml:",inline"` {
					t.Errorf("%s.%s is not inlined", typ, field.Name)
				}
			} else if y, j := field.Tag.Get("yaml"), field.Tag.Get("json"); y == "" || y != j {
				t.Errorf("%s.%s is %q in YAML and %q in JSON", typ, field.Name, y, j)
			}
			look(field.Type)
		}
	}
	look(reflect.TypeFor[Account]())
}

func TestPipelines(t *testing.T) {
	t.Parallel()
	a := Account{LastRevision: DefaultLastRevision, Pipelines: []Pipeline{{Name: "search@eu", Environment: "production"}, {Name: "*"}}}
	if p, ok := a.PipelineOf("search@eu"); !ok || p.Environment != "production" {
		t.Errorf("got %+v, %t", p, ok)
	}
	if p, ok := a.PipelineOf("checkout"); ok {
		t.Errorf("a pipeline's name was taken for a pattern: %+v", p)
	}
	if got := a.LastRevisionParameter("search@eu"); got != "/codepipeline/deployments/search_eu/last-revision" {
		t.Errorf("LastRevisionParameter = %q", got)
	}
	for _, test := range []struct {
		patterns []string
		want     bool
	}{{[]string{"*"}, true}, {[]string{"check*", "search@eu"}, true}, {[]string{"check*"}, false}, {[]string{}, false}, {nil, false}} {
		if got := (PagerDuty{Services: []string{"*"}, Pipelines: test.patterns}).PagesPipeline("search@eu"); got != test.want {
			t.Errorf("PagesPipeline with %q = %t", test.patterns, got)
		}
	}
}

func TestToldOf(t *testing.T) {
	t.Parallel()
	a := Account{
		Environments: []Environment{
			{Name: "production"},
			{Name: "staging", Told: Told{Channels: []string{"slack"}, SlackChannel: "CSTAGING"}},
		},
		Services: []Service{
			{Name: "checkout", Told: Told{Channels: []string{"pagerduty"}}},
			{Name: "search", Told: Told{SlackChannel: "CSEARCH"}},
		},
		Pipelines: []Pipeline{{Name: "checkout", Environment: "staging", Told: Told{Channels: []string{"sns"}, SlackChannel: "CPIPE"}}},
		Slack:     &Slack{Channel: "CALL"},
	}
	tests := []struct {
		name, service, pipeline, environment string
		want                                 Told
	}{
		{"nothing said", "mail", "", "production", Told{SlackChannel: "CALL"}},
		{"an environment nobody knows", "mail", "", "", Told{SlackChannel: "CALL"}},
		{"the environment's", "mail", "", "staging", Told{[]string{"slack"}, "CSTAGING"}},
		{"the service's channels, the environment's Slack channel", "checkout", "", "staging", Told{[]string{"pagerduty"}, "CSTAGING"}},
		{"the environment's channels, the service's Slack channel", "search", "", "staging", Told{[]string{"slack"}, "CSEARCH"}},
		{"the pipeline's, not the service's of that name", "checkout", "checkout", "staging", Told{[]string{"sns"}, "CPIPE"}},
	}
	for _, test := range tests {
		if got := a.ToldOf(test.service, test.pipeline, test.environment); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
	if got := (Account{}).ToldOf("mail", "", ""); got.SlackChannel != "" || got.Channels != nil {
		t.Errorf("without Slack: %+v", got)
	}
}

func TestWindowNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                           string
		window                         Window
		service, pipeline, environment string
		want                           bool
	}{
		{"the service", Window{Services: []string{"check*"}}, "checkout", "", "production", true},
		{"another service", Window{Services: []string{"check*"}}, "search", "", "production", false},
		{"no services are none", Window{Pipelines: []string{"*"}}, "checkout", "", "production", false},
		{"the pipeline", Window{Pipelines: []string{"search"}}, "", "search", "production", true},
		{"no pipelines are none", Window{Services: []string{"*"}}, "", "search", "production", false},
		{"the environment", Window{Services: []string{"*"}, Environments: []string{"staging", "production"}}, "checkout", "", "production", true},
		{"another environment", Window{Services: []string{"*"}, Environments: []string{"staging"}}, "checkout", "", "production", false},
		{"an environment nobody knows", Window{Services: []string{"*"}, Environments: []string{"staging"}}, "checkout", "", "", false},
		{"the zero window", Window{}, "", "", "", false},
	}
	for _, test := range tests {
		if got := test.window.Names(test.service, test.pipeline, test.environment); got != test.want {
			t.Errorf("%s: got %t", test.name, got)
		}
	}
}

func TestStuckAfter(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]time.Duration{
		"": 30 * time.Minute, "45m": 45 * time.Minute, "24h": 24 * time.Hour, "1m": time.Minute, "90s": time.Minute,
		"soon": 30 * time.Minute, "0s": 30 * time.Minute, "-1h": 30 * time.Minute,
	} {
		a := Account{Services: []Service{{Name: "check*", StuckAfter: written}}}
		if got := a.StuckAfter("checkout"); got != want {
			t.Errorf("%q: got %s, want %s", written, got, want)
		}
		if got := a.StuckAfter("search"); got != DefaultStuckAfter {
			t.Errorf("another service: %s", got)
		}
	}
}
