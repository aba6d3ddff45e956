package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestValueNeverPrints(t *testing.T) {
	t.Parallel()
	v := New("hush")
	marshalled, err := json.Marshal(map[string]any{"v": v, "p": &v})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "in", struct{ V Value }{v})
	all := fmt.Sprintf("%v %+v %#v %s %q %x %v", v, v, v, v, v, v, struct{ V Value }{v}) + string(marshalled) + log.String()
	for _, shown := range []string{"hush", "68757368"} {
		if strings.Contains(all, shown) {
			t.Errorf("the secret shows as %s: %s", shown, all)
		}
	}
	if v.Reveal() != "hush" {
		t.Error("the secret is lost")
	}
}
