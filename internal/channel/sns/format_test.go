package sns

import (
	"encoding/json"
	"errors"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestContract(t *testing.T) {
	channeltest.Run(t, Channel, channeltest.Options{
		Account:  func(string) account.Account { return account.Account{SNS: &account.SNS{}} },
		MaxBytes: 8 << 10,
	})
}

func format(t testing.TB, doc deployment.Document) Message {
	t.Helper()
	made, err := Format(doc, account.Account{})
	if err != nil {
		t.Fatal(err)
	}
	return made.(Message)
}

func TestFormatGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"failed", "stuck", "rollback_in_progress", "environment_unknown", "hostile latin failed", "drill_pipeline_failed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := strings.ReplaceAll(name, " ", "_") + ".golden.json"
			channeltest.Golden(t, filepath.Join("testdata", file), format(t, channeltest.Documents()[name]), *update)
		})
	}
}

// TestTextsGolden keeps the texts in one file, to be read as the phones show them. The
// commits and what is hostile in a window, which make no difference here, are left out.
func TestTextsGolden(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	texts := map[string]string{}
	for name, doc := range documents {
		made, err := Format(doc, account.Account{})
		same := strings.Contains(name, "/") || strings.Contains(name, "commit") || strings.Contains(name, "title") || strings.HasPrefix(name, "hostile window")
		if err == nil && !same {
			texts[name] = made.(Message).Message
		}
	}
	channeltest.Golden(t, filepath.Join("testdata", "texts.golden.json"), texts, *update)
}

// TestStatusesWithoutWords are those that the account file cannot ask for.
func TestStatusesWithoutWords(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pipeline_stopping", "pipeline_stopped", "pipeline_superseded", "pipeline_canceled", "pipeline_unknown", "empty"} {
		made, err := Format(channeltest.Documents()[name], account.Account{})
		var permanent *failure.Permanent
		if !errors.As(err, &permanent) || made != nil {
			t.Errorf("%s: Format = %v, %v, want a Permanent error", name, made, err)
		}
	}
}

func TestTextsFitOnePart(t *testing.T) {
	t.Parallel()
	for name, doc := range channeltest.Documents() {
		made, err := Format(doc, account.Account{})
		if err != nil {
			continue
		}
		shown := made.(Message).Message
		units := 0
		for _, r := range shown {
			switch {
			case strings.ContainsRune(basic, r):
				units++
			case strings.ContainsRune(extension, r):
				units += 2
			default:
				t.Errorf("%s: %q is not in the alphabet", name, r)
			}
		}
		if drill := doc.Deployment.Drill != nil; strings.HasPrefix(shown, "DRILL: ") != drill {
			t.Errorf("%s: drill %t, told as %q", name, drill, shown)
		}
		if units == 0 || units > 140 {
			t.Errorf("%s: %d units: %q", name, units, shown)
		}
	}
}

func TestLongNamesLeaveRoomForWhatHappened(t *testing.T) {
	t.Parallel()
	doc := channeltest.Documents()["drill_rollback_failed_that_pages"]
	doc.Deployment.Service = strings.Repeat("service-", 30)
	doc.Deployment.Environment = strings.Repeat("environment-", 10)
	doc.Release.Image.Tag = strings.Repeat("1.", 64)
	got := format(t, doc).Message
	for _, want := range []string{"DRILL: FAILED rollback of service-", " to 1.1.", " in environment-"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	for name, doc := range channeltest.Documents() {
		made, err := Format(doc, account.Account{})
		if err != nil {
			continue
		}
		for key, attribute := range made.(Message).Attributes {
			value := attribute.StringValue
			if attribute.DataType != "String" || value == "" || utf8.RuneCountInString(value) > 256 {
				t.Errorf("%s: %s = %+v", name, key, attribute)
			}
		}
	}
	got := format(t, channeltest.Documents()["environment_unknown"]).Attributes
	if _, ok := got["environment"]; ok || got["production"].StringValue != "false" || got["status"].StringValue != "failed" {
		t.Errorf("attributes = %+v", got)
	}
	ledger := format(t, channeltest.Documents()["rollback_known_by_the_ledger_alone"])
	if ledger.Attributes["kind"].StringValue != "rollback" || !strings.HasPrefix(ledger.Message, "Rolled back") {
		t.Errorf("the ledger's word does not count: %+v", ledger)
	}
}

func BenchmarkFormat(b *testing.B) {
	for _, name := range []string{"failed", "succeeded", "hostile huge text failed"} {
		b.Run(name, func(b *testing.B) {
			doc := channeltest.Documents()[name]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(format(b, doc)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
