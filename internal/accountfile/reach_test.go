package accountfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	paged  = least + "pagerduty: {services: ['*']}\n"
	texted = bare + "sns: {}\n"
)

// window is one that is right, but for what it quiets.
func window(name, times, what string) string {
	return fmt.Sprintf("- {name: %s, %s, timeZone: UTC, owner: team, reason: work, %s}\n", name, times, what)
}

const (
	monthly = "start: '2026-01-04T02:00', duration: 2h, recurrence: FREQ=MONTHLY;BYDAY=1SU"
	later   = "start: '2026-01-04T04:00', duration: 2h, recurrence: FREQ=MONTHLY;BYDAY=1SU"
	hourly  = "start: '2026-01-04T02:00', duration: 10m, recurrence: FREQ=HOURLY"
)

// TestSensible has files that look a little like those that tell nobody.
func TestSensible(t *testing.T) {
	t.Parallel()
	two := strings.Replace(bare, "[{name: production, production: true}]",
		"[{name: staging, clusters: ['*staging*'], channels: [slack]}, {name: eu, production: true, clusters: [eu-*], channels: [slack]}, {name: us, production: true}]", 1)
	for name, text := range map[string]string{
		"Slack alone, quiet for all":          least + "windows:\n" + window("a", monthly, "services: ['*'], quiets: [slack]"),
		"texts alone":                         texted,
		"one production in Slack alone":       two + "slack: {channel: C1}\npagerduty: {services: ['*']}\nsns: {}\n",
		"production after what is not":        strings.Replace(paged, "[{", "[{name: test, services: [test-*, '*-test']}, {", 1),
		"production by a pattern of services": strings.Replace(paged, "production: true", "production: true, services: [shop-*]", 1) + "services: [{name: '*-worker', channels: [slack]}]\n",
		"some services in Slack alone":        paged + "services: [{name: '*-worker', channels: [slack]}]\n",
		"only some services page":             paged + "services: [{name: checkout}, {name: '*', channels: [slack]}]\n",
		"only what two patterns match":        least + "services: [{name: shop-*}, {name: '*', channels: [slack]}]\npagerduty: {services: ['*-api']}\n",
		"names of other letters":              paged + "services: [{name: '0*', channels: [slack]}, {name: '?" + alphabet + "*', channels: [slack]}]\n",
		"pipelines alone page":                least + "pagerduty: {services: []}\npipelines: [{name: shop, environment: production}]\n",
		"pipelines page still":                paged + "pipelines: [{name: shop, environment: production}]\nwindows:\n" + window("a", monthly, "services: ['*'], quiets: [pagerduty]"),
		"services page still":                 paged + "windows:\n" + window("a", monthly, "services: ['*-api'], quiets: [slack, pagerduty]"),
		"other names page still":              least + "pagerduty: {services: ['checkout*']}\nwindows:\n" + window("a", monthly, "services: [checkout-*], quiets: [pagerduty]"),
		"texts still come":                    texted + "windows:\n" + window("a", monthly, "services: [checkout], quiets: [sns]"),
		"pages come instead of texts":         paged + "sns: {}\nwindows:\n" + window("a", monthly, "services: ['*'], quiets: [slack, sns]"),
		"the only service that pages":         least + "pagerduty: {services: [shop]}\nwindows:\n" + window("a", monthly, "services: [shop], quiets: [pagerduty]"),
		"the only service, twice":             least + "pagerduty: {services: [shop]}\nwindows:\n" + window("a", monthly, "services: [shop], quiets: [pagerduty]") + window("b", later, "services: [shop], quiets: [pagerduty]"),
		"both services, one after the other":  least + "pagerduty: {services: [a, b]}\nwindows:\n" + window("a", monthly, "services: [a], quiets: [pagerduty]") + window("b", later, "services: [b], quiets: [pagerduty]"),
		"ten minutes of each hour":            paged + "windows:\n" + window("a", hourly, "services: [shop], quiets: [pagerduty]"),
		"the European sovereign cloud":        strings.Replace(least, "eu-west-1", "eusc-de-east-1", 1),
		"other regions":                       strings.Replace(least, "eu-west-1", "us-gov-west-1", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(text)); err != nil {
				t.Errorf("%s\n%v", text, err)
			}
		})
	}
}

// TestSilent has further files that alert nobody, with what is told of each.
func TestSilent(t *testing.T) {
	t.Parallel()
	letters := "'" + strings.Join(strings.Split(alphabet, ""), "*', '") + "*'"
	quiets := func(services string) string {
		return "windows:\n" + window("a", monthly, "services: ["+services+"], quiets: [pagerduty, slack]")
	}
	const few, other, leaves = "services: [{name: '?*', channels: [slack]}]\n", "pagerduty: ", "windows[0].quiets: a window that leaves"
	for name, test := range map[string]struct{ text, want string }{
		"any name is routed away":             {paged + few, other + "a service or pipeline in production that is routed to it"},
		"two patterns route all away":         {least + "pagerduty: {services: [shop-*]}\nservices: [{name: shop-?, channels: [slack]}, {name: 'shop*', channels: [slack]}]\n", "add pagerduty to services[1].channels"},
		"texts are routed away":               {least + "sns: {}\n" + few, "sns: a service or pipeline in production that is routed to it"},
		"its environment is not production":   {strings.Replace(paged, "production: true", "production: true, services: [shop-*]", 1) + "services: [{name: 'shop*', channels: [slack]}]\n", other},
		"a service of no production":          {strings.Replace(least, "production: true", "production: true, services: [shop]", 1) + "pagerduty: {services: [shop, search]}\n", "pagerduty.services[1]: services whose failures page"},
		"quiet for each letter":               {paged + quiets(letters), leaves},
		"quiet for any longer name":           {paged + quiets("'????*'"), leaves},
		"quiet for any name that has a front": {least + "pagerduty: {services: ['*-api']}\n" + quiets("'?*-api'"), leaves},
		"quiet for all of several":            {least + "pagerduty: {services: [a, b]}\n" + quiets("'?'"), leaves},
		"quiet for pipelines too": {paged + "pipelines: [{name: shop, environment: production}]\nwindows:\n" +
			window("a", monthly, "services: ['*'], pipelines: [shop], quiets: [pagerduty]"), leaves},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s\ngot %v, want %s", test.text, err, test.want)
			}
		})
	}
}

// TestAddresses has no part of a password repeated, wherever it stands.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://hunter2@example.com", "https://me:hunter2@example.com/api", "https://me:hun/hunter2@example.com",
		"me:hunter2@example.com", "hunter2@example.com", "ftp://me:hunter2@example.com", "https://me:%zzhunter2@example.com"} {
		for _, text := range []string{bare + "gitlab: {url: '" + address + "'}\nslack: {channel: C1}\n", bare + "slack: {channel: C1, url: '" + address + "'}\n",
			least + "pagerduty: {services: ['*'], url: '" + address + "'}\n"} {
			if _, err := Parse([]byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), secretFound) {
				t.Errorf("%s: got %v", address, err)
			}
		}
		if _, err := Parse([]byte(least + "sidecars: []\nlastTag: '" + address + "'\n")); strings.Contains(address, ":") && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s elsewhere: got %v", address, err)
		}
	}
}

func TestExamples(t *testing.T) {
	t.Parallel()
	got := examples([]string{"checkout", "a0?", "shop-*", "*-api"})
	long := strings.Repeat("x", 8)
	for _, want := range []string{"checkout", "a0x", "shop-", "shop-" + long, long + "-api"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
	if slices.Contains(got, "-api") {
		t.Errorf("a name without a front: %q", got)
	}
}

// TestManyPatterns has more in a file than anybody writes, of what takes longest.
func TestManyPatterns(t *testing.T) {
	t.Parallel()
	var services, windows strings.Builder
	for i := range 500 {
		fmt.Fprintf(&services, "'*%d*', ", i)
	}
	for i := range 20 {
		windows.WriteString(window(fmt.Sprint("w", i), fmt.Sprintf("start: '%d-01-01T00:00', duration: 1h, recurrence: FREQ=DAILY", 2020+i%20), fmt.Sprintf("services: ['*%d*'], quiets: [pagerduty]", i%10)))
	}
	for name, test := range map[string]struct{ text, want string }{
		"services":     {least + "pagerduty: {services: [" + services.String() + "]}\n", ""},
		"routed away":  {least + "services: [{name: '*', channels: [slack]}]\npagerduty: {services: [" + services.String() + "]}\n", "that is routed to it expected, found none"},
		"environments": {strings.Replace(paged, "production: true", "production: true, services: ["+services.String()+"]", 1), ""},
		"windows":      {paged + "windows:\n" + windows.String(), ""},
	} {
		// What takes exponentially long comes to no end, until the time of all tests is over.
		_, err := Parse([]byte(test.text))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
