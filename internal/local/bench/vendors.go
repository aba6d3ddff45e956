package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// commitCount is how many commits GitLab has between the two versions.
const commitCount = 40

// vendors are AWS, GitLab, Slack and PagerDuty that answer at once, so that what is
// measured is the programs alone. They are strict about nothing: the stand-ins are, which
// the tests play against.
func vendors() http.Handler {
	const (
		cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/production"
		task    = "arn:aws:ecs:eu-west-1:123456789012:task-definition/checkout:42"
	)
	service := map[string]any{
		"serviceName": "checkout", "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/production/checkout", "clusterArn": cluster,
		"taskDefinition": task, "status": "ACTIVE",
		"deployments": []any{map[string]any{"id": deploymentID, "status": "PRIMARY", "taskDefinition": task, "rolloutState": "COMPLETED"}},
	}
	container := map[string]any{"name": "checkout", "essential": true, "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout:1.42.0"}
	answers := map[string]any{
		"DescribeServices":       map[string]any{"services": []any{service}},
		"DescribeTaskDefinition": map[string]any{"taskDefinition": map[string]any{"taskDefinitionArn": task, "containerDefinitions": []any{container}}},
		"GetParameter":           map[string]any{"Parameter": map[string]any{"Name": "p", "Value": "1.41.0", "Version": 1}},
		"PutParameter":           map[string]any{"Version": 2},
		"UpdateItem":             map[string]any{},
	}
	// What RememberTag reads back is what it wrote.
	good := map[string]any{"Item": map[string]any{"tag": map[string]string{"S": "1.42.0"},
		"repository": map[string]string{"S": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout"}}}
	comparison := written(map[string]any{"commits": manyCommits(), "diffs": []any{}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, operation, aws := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case operation == "GetItem" && strings.Contains(string(body), `"good"`):
			_, _ = w.Write(written(good))
		case aws && answers[operation] != nil:
			_, _ = w.Write(written(answers[operation]))
		case aws:
			_, _ = w.Write([]byte("{}"))
		case strings.Contains(r.URL.Path, "/repository/compare"):
			_, _ = w.Write(comparison)
		case strings.Contains(r.URL.Path, "/v2/"):
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"status":"success","message":"Event processed","dedup_key":"k"}`))
		default:
			_, _ = w.Write([]byte(`{"ok":true,"channel":"C0123456789","ts":"1234567890.123456"}`))
		}
	})
}

func written(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps of texts, which are always written
	}
	return text
}

// manyCommits has merges and repeated titles in it, as real histories have.
func manyCommits() []map[string]any {
	var commits []map[string]any
	for i := range commitCount {
		title, parents := fmt.Sprintf("Change number %d", i/2), []string{"a"}
		if i%4 == 0 {
			title, parents = fmt.Sprintf("Merge branch 'change-%d' into 'main'", i), []string{"a", "b"}
		}
		id := fmt.Sprintf("%040x", i)
		commits = append(commits, map[string]any{
			"id": id, "short_id": id[32:], "title": title, "author_name": "A. Person", "created_at": "2026-11-20T10:00:00.000+00:00",
			"parent_ids": parents, "web_url": "https://gitlab.example.com/shop/checkout/-/commit/" + id,
		})
	}
	return commits
}
