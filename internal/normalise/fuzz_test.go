package normalise_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/normalise"
)

var (
	name = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	pipe = regexp.MustCompile(`^[A-Za-z0-9.@_-]{1,100}$`)
	host = regexp.MustCompile(`^[A-Za-z0-9-]+\.console\.(aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)$`)
)

// FuzzEvent looks for events that panic, fail without a class, or let through what is
// not fit for keys, links and messages.
func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add([]byte(read(f, file)))
	}
	f.Add([]byte(`{"id":"1","source":"aws.ecs","detail-type":"ECS Deployment State Change","resources":["arn:aws:ecs:r:1:service/s"],"time":"0000-01-01T00:00:00+23:59","detail":{"eventName":"X"}}`))
	f.Add([]byte(`{"id":"1","source":"aws.codepipeline","detail-type":"CodePipeline Pipeline Execution State Change","resources":["arn::codepipeline:r:1:pipeline:p"],"time":"2026-03-14T10:02:11Z","detail":{"state":"X","execution-id":"a?b#c","pipeline-execution-attempt":"0x1p4"}}`))
	f.Add([]byte(`{"id":"1","source":"Fanfare.Drill","detail-type":"ECS Deployment State Change","resources":["arn:aws:ecs:r:1:service/s"],"time":"2026-03-14T10:02:11Z","detail":{"eventName":"X","page":true,"Page":false}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := normalise.Event(raw, shop)
		var permanent *failure.Permanent
		if err != nil {
			if !errors.As(err, &permanent) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		slashes := 3
		if d.Source == deployment.CodePipeline {
			slashes = 2
			if !pipe.MatchString(d.Pipeline) || d.Service+d.Cluster+d.LogsURL != "" || d.Attempt < 0 {
				t.Errorf("not a pipeline's: %+v", d)
			}
			if strings.ContainsAny(d.ID, "/|") {
				t.Errorf("execution %q", d.ID)
			}
		} else if !name.MatchString(d.Service) || d.Cluster != "" && !name.MatchString(d.Cluster) || d.Pipeline != "" {
			t.Errorf("service %q in cluster %q of pipeline %q", d.Service, d.Cluster, d.Pipeline)
		}
		if d.Drill != nil && d.Drill.Page && !bytes.Contains(raw, []byte("true")) {
			t.Error("pages without being told to")
		}
		for _, s := range []string{d.ClaimKey(), d.Reason, d.ConsoleURL, d.LogsURL} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("not one clean line: %q", s)
			}
		}
		if n := strings.Count(d.ServiceKey(), "/"); n != slashes {
			t.Errorf("%q has %d slashes", d.ServiceKey(), n)
		}
		if link, err := url.Parse(d.ConsoleURL); err != nil || d.ConsoleURL != "" && !host.MatchString(link.Host) {
			t.Errorf("a link to %q", d.ConsoleURL)
		}
		if _, err := json.Marshal(d); err != nil || d.Time.IsZero() {
			t.Errorf("time %v: %v", d.Time, err)
		}
	})
}
