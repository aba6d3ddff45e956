package accountfile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"fanfare/internal/account"
)

const schemaName = "account.schema.json"

func readSchema(t *testing.T) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(accounts, schemaName))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestSchemaAgrees has every key of the Go types in the schema, and no other, with the
// same type, and explained to whoever points at it in an editor.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	root := readSchema(t).(map[string]any)
	agree(t, "", root, root, reflect.TypeFor[account.Account]())
}

// agree holds what the schema says of the path against the type.
func agree(t *testing.T, path string, root, schema map[string]any, typ reflect.Type) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if ref, ok := schema["$ref"].(string); ok {
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	names := map[reflect.Kind]string{reflect.Struct: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer"}
	if schema["type"] != names[typ.Kind()] {
		t.Errorf("%s: the schema has type %v, Go %v", path, schema["type"], typ)
		return
	}
	switch typ.Kind() {
	case reflect.Slice:
		agree(t, path+"[]", root, schema["items"].(map[string]any), typ.Elem())
	case reflect.Struct:
		agreeObject(t, path, root, schema, typ)
	}
}

func agreeObject(t *testing.T, path string, root, schema map[string]any, typ reflect.Type) {
	t.Helper()
	if schema["additionalProperties"] != false {
		t.Errorf("%s: the schema lets other keys through", path)
	}
	properties := schema["properties"].(map[string]any)
	known := keysOf(typ)
	for name := range properties {
		if known.find(name) == nil {
			t.Errorf("%s.%s is in the schema alone", path, name)
		}
	}
	required, _ := schema["required"].([]any)
	for _, key := range known {
		below, ok := properties[key.name].(map[string]any)
		if !ok {
			t.Errorf("%s.%s is not in the schema", path, key.name)
			continue
		}
		if description, _ := below["description"].(string); description == "" {
			t.Errorf("%s.%s is not explained", path, key.name)
		}
		field := typ.FieldByIndex(key.index)
		// What Slack and PagerDuty need depends on more.
		must := !strings.Contains(field.Tag.Get("yaml"), "omitempty") && path != ".slack" && path != ".pagerduty"
		if slices.Contains(required, any(key.name)) != must {
			t.Errorf("%s.%s is required: schema %t, Go %t", path, key.name, !must, must)
		}
		agree(t, path+"."+key.name, root, below, field.Type)
	}
}

// beyond are the mistakes that a schema cannot tell: contradictions above all.
var beyond = []string{
	"channel-that-is-not-configured", "cluster-in-no-environment",
	"clusters-that-no-event-pattern-has-room-for", "environment-given-twice",
	"environment-of-no-cluster", "environment-that-an-earlier-takes-by-any-name", "environment-that-nothing-is-left-for", "environments-that-claim-one-cluster",
	"environments-whose-patterns-share-a-cluster", "fallback-by-a-webhook", "fallback-that-is-the-channel", "last-revision-among-the-secrets", "last-revision-that-aws-keeps",
	"last-revision-where-tags-are", "last-tag-among-the-secrets", "last-tag-of-an-unknown-name", "merge-of-settings", "page-from-staging",
	"pagerduty-for-nobody", "pagerduty-that-earlier-environments-keep-all-from", "pagerduty-that-nothing-reaches", "pagerduty-without-production", "paging-of-a-staging-pipeline",
	"paging-of-no-pipeline", "pipeline-given-twice", "pipeline-of-no-environment", "pipelines-that-no-event-pattern-has-room-for",
	"pipelines-that-no-role-has-room-for", "pipelines-with-one-parameter",
	"service-that-an-earlier-pattern-takes", "service-that-pages-but-is-routed-elsewhere", "services-all-routed-elsewhere",
	"services-that-page-where-pipelines-alone-do", "slack-channel-by-a-webhook", "slack-channel-without-slack",
	"stuck-after-half-a-minute-more", "stuck-after-more-than-a-day", "stuck-after-seconds", "text-from-a-staging-pipeline",
	"window-by-a-broken-rule", "window-for-a-pipeline-of-another-environment", "window-for-nothing", "window-given-twice",
	"window-in-a-zone-that-there-is-not", "window-in-no-environment", "window-longer-than-a-week", "window-that-pauses-for-a-minute",
	"window-that-quiets-every-name", "window-that-quiets-every-page", "window-that-quiets-every-text",
	"window-that-quiets-what-is-not-configured", "window-whose-start-is-not-in-its-rule", "window-without-a-pause",
	"windows-in-turn-without-a-pause", "windows-that-quiet-every-page-together",
}

// TestSchema has the schema accept what Parse accepts, and refuse what it can.
func TestSchema(t *testing.T) {
	t.Parallel()
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaName, readSchema(t)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(schemaName)
	if err != nil {
		t.Fatal(err)
	}
	good := []string{filepath.Join(accounts, "example.yaml"), filepath.Join(accounts, "local.yaml"), filepath.Join("testdata", "good.yaml")}
	for _, file := range good {
		if err := validate(t, schema, file); err != nil {
			t.Error(err)
		}
	}
	for _, file := range glob(t, 25, "testdata", "bad", "*.yaml") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if refused := validate(t, schema, file) != nil; refused == slices.Contains(beyond, name) && name != "two-accounts" {
			t.Errorf("%s: refused by the schema: %t", name, refused)
		}
	}
}

func validate(t *testing.T, schema *jsonschema.Schema, file string) error {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return err
	}
	handed, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(handed))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

// TestExamplePointsAtTheSchema has editors find it, and shows every key there is.
func TestExamplePointsAtTheSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(accounts, "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# yaml-language-server: $schema="+schemaName+"\n") {
		t.Error("the first line of example.yaml does not name the schema")
	}
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		if typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for _, key := range keysOf(typ) {
			if !strings.Contains(string(text), key.name+":") {
				t.Errorf("example.yaml does not show %s", key.name)
			}
			look(typ.FieldByIndex(key.index).Type)
		}
	}
	look(reflect.TypeFor[account.Account]())
}
