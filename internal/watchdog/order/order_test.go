package order

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

func sound() Order {
	began := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	return Order{
		Deployment: deployment.Deployment{
			Event: "5f0c8a1e", Source: deployment.ECS, Account: "123456789012", Region: "eu-west-1", Partition: "aws",
			Cluster: "production", Service: "checkout", ID: "ecs-svc/1", Status: deployment.InProgress, Kind: deployment.Ordinary, Time: began,
		},
		Kind: deployment.Ordinary, StartedAt: began, Minutes: 30, Due: began.Add(30 * time.Minute),
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Order)
		field  string // empty where it is sound
	}{
		{"sound", func(*Order) {}, ""},
		{"a rollback", func(o *Order) { o.Kind = deployment.Rollback }, ""},
		{"no cluster", func(o *Order) { o.Deployment.Cluster = "" }, ""},
		{"a masked account", func(o *Order) { o.Deployment.Account = "{{123456789012}}" }, ""},
		{"a pipeline", func(o *Order) { o.Deployment.Pipeline = "p" }, "deployment.source"},
		{"another source", func(o *Order) { o.Deployment.Source = deployment.CodePipeline }, "deployment.source"},
		{"a drill", func(o *Order) { o.Deployment.Drill = &deployment.Drill{} }, "deployment.drill"},
		{"no account", func(o *Order) { o.Deployment.Account = "" }, "deployment.account"},
		{"a region with a slash", func(o *Order) { o.Deployment.Region = "a/b" }, "deployment.region"},
		{"a partition with a colon", func(o *Order) { o.Deployment.Partition = "a:b" }, "deployment.partition"},
		{"a cluster's ARN", func(o *Order) { o.Deployment.Cluster = "cluster/x" }, "deployment.cluster"},
		{"no service", func(o *Order) { o.Deployment.Service = "" }, "deployment.service"},
		{"no id", func(o *Order) { o.Deployment.ID = "" }, "deployment.id"},
		{"an id with a blank", func(o *Order) { o.Deployment.ID = "a b" }, "deployment.id"},
		{"no kind", func(o *Order) { o.Kind = "" }, "kind"},
		{"no time given", func(o *Order) { o.Minutes = 0 }, "minutes"},
		{"more than a day", func(o *Order) { o.Minutes = MaxMinutes + 1 }, "minutes"},
		{"no beginning", func(o *Order) { o.StartedAt = time.Time{} }, "startedAt"},
		{"never due", func(o *Order) { o.Due = time.Time{} }, "startedAt, due"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := sound()
			test.change(&o)
			raw, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			read, err := Parse(raw)
			var permanent *failure.Permanent
			switch {
			case test.field == "" && (err != nil || read.Key() != o.Key() || read.Name("x") != o.Name("x")):
				t.Errorf("got %+v, %v", read, err)
			case test.field != "" && (!errors.As(err, &permanent) || !strings.HasPrefix(err.Error(), test.field)):
				t.Errorf("got %+v, %v; want an error of %s", read, err, test.field)
			}
		})
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	o := sound()
	for _, change := range []func(){
		func() {}, func() { o.Kind = deployment.Rollback }, func() { o.StartedAt = o.StartedAt.Add(1) }, func() { o.Deployment.ID = "ecs-svc/2" },
	} {
		change()
		for _, name := range []string{o.Name("stuck-"), o.Name("watch-"), o.Name("watch-", "A"), o.Name("watch-", "B")} {
			if seen[name] || !regexp.MustCompile(`^(stuck|watch)-[0-9a-f]{40}$`).MatchString(name) {
				t.Errorf("the name %q, twice %t", name, seen[name])
			}
			seen[name] = true
		}
	}
	o.Deployment.Event, o.Minutes, o.Deployment.Reason = "another", 31, "another"
	if !seen[o.Name("stuck-")] {
		t.Error("the same deployment has another name")
	}
}

// FuzzParse looks for an input that panics, fails without a class, or lets through what is
// not fit for ARNs and keys.
func FuzzParse(f *testing.F) {
	raw, err := json.Marshal(sound())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	for _, seed := range []string{"", "null", "{}", "[]", `"text"`, `{"deployment":null,"minutes":1e9}`, `{"deployment":{"source":"ecs","service":"a/b"},"kind":"rollback"}`} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(strings.Replace(string(raw), "checkout", "check\\u202eout", 1)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := Parse(raw)
		var permanent *failure.Permanent
		if err != nil {
			if !errors.As(err, &permanent) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		d := o.Deployment
		for _, part := range []string{d.Account, d.Region, d.Partition, d.Cluster, d.Service} {
			if strings.ContainsAny(part, "/:| \n") {
				t.Errorf("the part %q", part)
			}
		}
		if o.Minutes < 1 || o.Minutes > MaxMinutes || o.StartedAt.IsZero() || len(o.Name("watch-", "A")) != 46 {
			t.Errorf("got %+v", o)
		}
		if again, err := json.Marshal(o); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
