package normalise_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/normalise"
)

var update = flag.Bool("update", false, "write the golden files anew")

var shop = account.Account{
	ID:     "210987654321",
	Region: "eu-west-1",
	Environments: []account.Environment{
		{Name: "production", Production: true, Clusters: []string{"*-production"}},
		{Name: "staging", Clusters: []string{"*-staging"}},
	},
	Pipelines: []account.Pipeline{
		{Name: "checkout-production", Environment: "production"},
		{Name: "checkout-staging", Environment: "staging"},
	},
}

func TestGolden(t *testing.T) {
	t.Parallel()
	events, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, file := range events {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		told++
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			got, err := normalise.Event(read(t, file), shop)
			if err != nil {
				t.Fatal(err)
			}
			var pretty bytes.Buffer
			encoder := json.NewEncoder(&pretty)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(got); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".json") + ".golden.json"
			if *update {
				if err := os.WriteFile(golden, pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := read(t, golden); !bytes.Equal(pretty.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", pretty.Bytes(), want)
			}
		})
	}
	if told < 14 {
		t.Errorf("%d events under testdata", told)
	}
}

// change makes an event of ECS with some fields set anew; see changeOf.
func change(t *testing.T, changes fields) json.RawMessage {
	t.Helper()
	return changeOf(t, "in-progress", changes)
}

// changeOf makes an event of a fixture with some fields set anew; a nil takes one away.
// A field of the detail is named detail.<name>.
func changeOf(t *testing.T, fixture string, changes fields) json.RawMessage {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(read(t, "testdata/"+fixture+".json"), &event); err != nil {
		t.Fatal(err)
	}
	detail := event["detail"].(map[string]any)
	for field, value := range changes {
		in := event
		if name, ok := strings.CutPrefix(field, "detail."); ok {
			in, field = detail, name
		}
		in[field] = value
	}
	for _, fields := range []map[string]any{event, detail} {
		maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	}
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type fields = map[string]any

func TestEvent(t *testing.T) {
	t.Parallel()
	updated := time.Date(2026, 3, 14, 9, 26, 52, 618059641, time.UTC)
	tests := []struct {
		name    string
		changes fields
		same    func(d deployment.Deployment) bool
	}{
		{"the cluster's ARN counts", fields{"detail.clusterArn": "arn:aws:ecs:eu-west-1:210987654321:cluster/other"},
			func(d deployment.Deployment) bool {
				return d.Cluster == "other" && d.Environment == "" && !d.Production
			}},
		{"the service's ARN names the cluster", fields{"detail.clusterArn": nil},
			func(d deployment.Deployment) bool { return d.Cluster == "shop-production" && d.Production }},
		{"the cluster's name instead of its ARN", fields{"detail.clusterArn": "shop-staging"},
			func(d deployment.Deployment) bool { return d.Environment == "staging" && !d.Production }},
		{"one resource that is no list", fields{"resources": "arn:aws:ecs:eu-west-1:210987654321:service/c/s"},
			func(d deployment.Deployment) bool { return d.Service == "s" }},
		{"account and region from the ARN", fields{"account": nil, "region": nil, "resources": []string{"arn:aws:ecs:eu-north-1:111111111111:service/c/s"}},
			func(d deployment.Deployment) bool { return d.Account == "111111111111" && d.Region == "eu-north-1" }},
		{"account and region of the envelope count", fields{"resources": []string{"arn:aws:ecs:eu-north-1:111111111111:service/c/s"}},
			func(d deployment.Deployment) bool { return d.Account == "210987654321" && d.Region == "eu-west-1" }},
		{"masked account", fields{"account": "{{111122223333}}"},
			func(d deployment.Deployment) bool { return d.Account == "{{111122223333}}" }},
		{"source in capitals", fields{"source": "AWS.ECS"},
			func(d deployment.Deployment) bool { return d.Source == "ecs" }},
		{"ARN without partition", fields{"region": "cn-northwest-1", "resources": []string{"arn::ecs:cn-northwest-1:210987654321:service/c/s"}},
			func(d deployment.Deployment) bool { return d.Partition == "aws-cn" }},
		{"no deployment id", fields{"detail.deploymentId": nil},
			func(d deployment.Deployment) bool { return d.ID == "" }},
		{"event name of later days", fields{"detail.eventName": "SERVICE_DEPLOYMENT_STOPPED"},
			func(d deployment.Deployment) bool {
				return d.Status == deployment.Unknown && d.Name == "SERVICE_DEPLOYMENT_STOPPED"
			}},
		{"no time", fields{"time": nil},
			func(d deployment.Deployment) bool { return d.Time.Equal(updated) }},
		{"unreadable time", fields{"time": "yesterday"},
			func(d deployment.Deployment) bool { return d.Time.Equal(updated) }},
		{"no updatedAt", fields{"detail.updatedAt": nil},
			func(d deployment.Deployment) bool { return d.UpdatedAt.IsZero() && !d.Time.IsZero() }},
		{"time beyond what JSON can hold", fields{"detail.updatedAt": "9999-12-31T23:59:59-23:00"},
			func(d deployment.Deployment) bool { return d.UpdatedAt.IsZero() }},
		{"time with two digits of fraction", fields{"time": "2026-03-14T09:26:53.25Z"},
			func(d deployment.Deployment) bool { return d.Time.Nanosecond() == 250_000_000 }},
		{"rollback in capitals", fields{"detail.reason": "ROLLING BACK to ecs-svc/1"},
			func(d deployment.Deployment) bool { return d.Kind == deployment.Rollback }},
		{"rollback is told only as it begins", fields{"detail.reason": "rolling back", "detail.eventName": "SERVICE_DEPLOYMENT_FAILED"},
			func(d deployment.Deployment) bool {
				return d.Kind == deployment.Ordinary && d.Status == deployment.Failed
			}},
		{"rollback told at the end of a long reason", fields{"detail.reason": strings.Repeat("long ", 200) + "rolling back"},
			func(d deployment.Deployment) bool {
				return d.Kind == deployment.Rollback && utf8.RuneCountInString(d.Reason) <= 500 && strings.HasSuffix(d.Reason, "…")
			}},
		{"no reason", fields{"detail.reason": nil},
			func(d deployment.Deployment) bool { return d.Reason == "" && d.Kind == deployment.Ordinary }},
		{"reason of several lines with a hidden character", fields{"detail.reason": "one\n\u202etwo\x07"},
			func(d deployment.Deployment) bool { return d.Reason == "one two" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, err := normalise.Event(change(t, test.changes), shop)
			if err != nil || !test.same(d) {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:ecs:eu-west-1:210987654321:"
	tests := []struct {
		name    string
		raw     string // the event itself, when no fixture is changed
		changes fields
		field   string
	}{
		{name: "nothing", raw: " ", field: "event"},
		{name: "no JSON", raw: `{"id": `, field: "event"},
		{name: "two events", raw: `{} {}`, field: "event"},
		{name: "a list", raw: `[]`, field: "event"},
		{name: "null", raw: `null`, field: "event"},
		{name: "empty object", raw: `{}`, field: "id"},
		{name: "CodeStar notification", raw: `{"account":"1","detailType":"CodePipeline Pipeline Execution State Change","detail":{},"additionalAttributes":{}}`, field: "detail-type"},
		{name: "from a topic", raw: `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"{}"}}]}`, field: "detail-type"},
		{name: "as a topic posts it", raw: `{"Type":"Notification","Message":"{}"}`, field: "detail-type"},
		{name: "message of an approval", raw: `{"region":"eu-west-1","consoleLink":"https://example.com","approval":{"pipelineName":"checkout-production"}}`, field: "detail-type"},
		{name: "no id", changes: fields{"id": nil}, field: "id"},
		{name: "blank id", changes: fields{"id": " "}, field: "id"},
		{name: "id with a control character", changes: fields{"id": "a\x00b"}, field: "id"},
		{name: "long id", changes: fields{"id": strings.Repeat("x", 257)}, field: "id"},
		{name: "no detail", changes: fields{"detail": nil}, field: "detail"},
		{name: "detail as text", changes: fields{"detail": "{}"}, field: "detail"},
		{name: "another source", changes: fields{"source": "aws.ec2"}, field: "source"},
		{name: "no source", changes: fields{"source": nil}, field: "source"},
		{name: "the source of pipelines", changes: fields{"source": "aws.codepipeline"}, field: "detail-type"},
		{name: "daemon deployment", changes: fields{"detail-type": "ECS Daemon Deployment State Change"}, field: "detail-type"},
		{name: "service action", changes: fields{"detail-type": "ECS Service Action"}, field: "detail-type"},
		{name: "no event name", changes: fields{"detail.eventName": nil}, field: "detail.eventName"},
		{name: "event name with a line break", changes: fields{"detail.eventName": "SERVICE\nDEPLOYMENT"}, field: "detail.eventName"},
		{name: "no resources", changes: fields{"resources": nil}, field: "resources"},
		{name: "empty resources", changes: fields{"resources": []string{}}, field: "resources"},
		{name: "no service in resources", changes: fields{"resources": []string{arn + "service-deployment/c/s/x"}}, field: "resources"},
		{name: "a service of something else", changes: fields{"resources": []string{"arn:aws:vpc-lattice:eu-west-1:210987654321:service/s"}}, field: "resources"},
		{name: "service without a name", changes: fields{"resources": []string{arn + "service/c/"}}, field: "resources"},
		{name: "service with a slash", changes: fields{"resources": []string{arn + "service/c/s/t"}}, field: "resources"},
		{name: "service with mark-up", changes: fields{"resources": []string{arn + "service/c/<!channel>"}}, field: "resources"},
		{name: "long service", changes: fields{"resources": []string{arn + "service/c/" + strings.Repeat("s", 256)}}, field: "resources"},
		{name: "cluster that leads elsewhere", changes: fields{"detail.clusterArn": arn + "cluster/../x?y#z"}, field: "detail.clusterArn"},
		{name: "region that is a host", changes: fields{"region": "example.org/"}, field: "region"},
		{name: "no region at all", changes: fields{"region": nil, "resources": []string{"arn:aws:ecs:::service/c/s"}}, field: "region"},
		{name: "account that parts a key", changes: fields{"account": "1/2"}, field: "account"},
		{name: "deployment id with a control character", changes: fields{"detail.deploymentId": "ecs-svc/1\x1b[2J"}, field: "detail.deploymentId"},
		{name: "no time at all", changes: fields{"time": nil, "detail.updatedAt": "soon"}, field: "time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			raw := json.RawMessage(test.raw)
			if test.changes != nil {
				raw = change(t, test.changes)
			}
			refused(t, raw, test.field)
		})
	}
}

// refused fails the test unless the event is refused for good, with the field named.
func refused(t *testing.T, raw json.RawMessage, field string) {
	t.Helper()
	d, err := normalise.Event(raw, shop)
	var permanent *failure.Permanent
	if !errors.As(err, &permanent) || !strings.HasPrefix(err.Error(), field+": ") {
		t.Errorf("got %+v, %v; want a Permanent about %s", d, err, field)
	}
	if err != nil && len(err.Error()) > 400 {
		t.Errorf("the error is %d bytes long", len(err.Error()))
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	const short = "arn:aws:ecs:eu-west-1:210987654321:service/checkout"
	tests := []struct {
		name, group string
		changes     fields
		console     string
		logs        string
	}{
		{name: "no log group",
			console: "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop-production/services/checkout/deployments?region=eu-west-1",
			logs:    "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop-production/services/checkout/logs?region=eu-west-1"},
		{name: "log group", group: "/ecs/{cluster}/{service}",
			console: "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop-production/services/checkout/deployments?region=eu-west-1",
			logs:    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fshop-production$252Fcheckout"},
		{name: "no cluster", changes: fields{"detail.clusterArn": nil, "resources": []string{short}},
			console: "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters?region=eu-west-1"},
		{name: "no cluster, and the log group needs none", group: "/ecs/{service}", changes: fields{"detail.clusterArn": nil, "resources": []string{short}},
			console: "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters?region=eu-west-1",
			logs:    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fcheckout"},
		{name: "no cluster, and the log group needs it", group: "/{cluster}/{service}", changes: fields{"detail.clusterArn": nil, "resources": []string{short}},
			console: "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters?region=eu-west-1"},
		{name: "partition without a known console", group: "/ecs/{service}",
			changes: fields{"region": "us-iso-east-1", "resources": []string{"arn:aws-iso:ecs:us-iso-east-1:210987654321:service/c/s"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := shop
			a.Logs.Group = test.group
			d, err := normalise.Event(change(t, test.changes), a)
			if err != nil || d.ConsoleURL != test.console || d.LogsURL != test.logs {
				t.Errorf("got %q and %q, %v", d.ConsoleURL, d.LogsURL, err)
			}
		})
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
