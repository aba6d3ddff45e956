//go:build !race

package commits

import (
	"io"
	"testing"
	"time"
)

// The race detector makes reading many times slower, so that the time would say nothing
// under it. Not parallel, for the same reason.
func TestTenThousandCommits(t *testing.T) {
	for name, diffs := range map[string]int{"whole": 1 << 20, "diffs beyond the limit": maxAnswer} {
		t.Run(name, func(t *testing.T) {
			body, err := io.ReadAll(hugeAnswer(10_000, diffs))
			if err != nil {
				t.Fatal(err)
			}
			server := gitLab(t, answerWith(200, jsonType, string(body)))
			finder := newFinder(server.URL, io.Discard)
			fastest := time.Hour
			for range 3 { // others may be using the machine
				begin := time.Now()
				found := finder.Find(t.Context(), document())
				fastest = min(fastest, time.Since(begin))
				if found.Reason != "" || len(found.Items) != maxItems || found.Total != 7000 || found.Filtered != 3000 {
					t.Errorf("%d of %d shown, %d filtered, reason %q", len(found.Items), found.Total, found.Filtered, found.Reason)
				}
				if fastest < Budget {
					return
				}
			}
			t.Errorf("took %v, more than %v", fastest, Budget)
		})
	}
}
