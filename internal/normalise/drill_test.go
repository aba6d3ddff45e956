package normalise_test

import (
	"encoding/json"
	"strings"
	"testing"

	"fanfare/internal/normalise"
)

func TestDrillPagesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields string
		want   bool
	}{
		"true":               {`"page": true`, true},
		"true at last":       {`"page": false, "page": true`, true},
		"false":              {`"page": false`, false},
		"false at last":      {`"page": true, "page": false`, false},
		"not said":           {`"other": true`, false},
		"text":               {`"page": "true"`, false},
		"number":             {`"page": 1`, false},
		"null":               {`"page": null`, false},
		"list":               {`"page": [true]`, false},
		"object":             {`"page": {"page": true}`, false},
		"in capitals":        {`"PAGE": true`, false},
		"also in capitals":   {`"page": false, "Page": true`, false},
		"said in the reason": {`"reason": "page: true"`, false},
	} {
		for fixture, named := range map[string]string{
			"drill-service":        `"eventName": "SERVICE_DEPLOYMENT_FAILED"`,
			"drill-pipeline-pages": `"pipeline": "checkout-production", "state": "FAILED"`,
		} {
			t.Run(name+" in "+fixture, func(t *testing.T) {
				t.Parallel()
				var event map[string]json.RawMessage
				if err := json.Unmarshal(read(t, "testdata/"+fixture+".json"), &event); err != nil {
					t.Fatal(err)
				}
				// Not by changeOf, which would lose a field that is there twice.
				event["detail"] = json.RawMessage("{" + named + ", " + test.fields + "}")
				raw, err := json.Marshal(event)
				if err != nil {
					t.Fatal(err)
				}
				d, err := normalise.Event(raw, shop)
				if err != nil || d.Drill == nil || d.Drill.Page != test.want {
					t.Errorf("got %+v, %v; want page %v", d.Drill, err, test.want)
				}
			})
		}
	}
}

func TestOnlyDrillsAreDrills(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fixture string
		changes       fields
		drill         bool
		source        string
	}{
		{"service", "drill-service", fields{}, true, "ecs"},
		{"pipeline", "drill-pipeline-pages", fields{}, true, "codepipeline"},
		{"in capitals", "drill-service", fields{"source": "FANFARE.Drill"}, true, "ecs"},
		{"a real service with a page", "in-progress", fields{"detail.page": true}, false, "ecs"},
		{"a real pipeline with a page", "pipeline-started", fields{"detail.page": true}, false, "codepipeline"},
		{"a real pipeline whose source is in capitals", "pipeline-started", fields{"source": "AWS.CODEPIPELINE"}, false, "codepipeline"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, err := normalise.Event(changeOf(t, test.fixture, test.changes), shop)
			if err != nil || (d.Drill != nil) != test.drill || d.Source != test.source {
				t.Errorf("got %+v, %v", d, err)
			}
			if err == nil && strings.Contains(d.Key(), "drill:") != test.drill {
				t.Errorf("the key %q", d.Key())
			}
		})
	}
}

func TestDrillRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fixture string
		changes       fields
		field         string
	}{
		{"no detail type", "drill-service", fields{"detail-type": nil}, "detail-type"},
		{"detail type of its own", "drill-service", fields{"detail-type": "Drill"}, "detail-type"},
		{"stage", "drill-pipeline-pages", fields{"detail-type": "CodePipeline Stage Execution State Change"}, "detail-type"},
		{"service without an ARN", "drill-service", fields{"resources": nil}, "resources"},
		{"pipeline without a name", "drill-pipeline-pages", fields{"detail.pipeline": nil}, "detail.pipeline"},
		{"another source", "drill-service", fields{"source": "fanfare.drills"}, "source"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refused(t, changeOf(t, test.fixture, test.changes), test.field)
		})
	}
}

func TestSourcesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := normalise.Event(change(t, fields{"source": "aws.ec2"}), shop)
	const want = `source: aws.ecs, aws.codepipeline, fanfare.drill or fanfare.watch expected, found "aws.ec2"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
