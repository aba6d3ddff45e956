package commits

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFilterCounts(t *testing.T) {
	t.Parallel()
	rules := testRules(nil)
	q, _ := rules.question(document())
	commits := manyCommits(30)
	items, filtered := rules.filter(commits, q)
	if len(items) != maxItems || filtered != 9 {
		t.Fatalf("%d items, %d filtered", len(items), filtered)
	}
	if items[0].Title != "Change 29 of the cart" || items[9].Title != "Change 15 of the cart" {
		t.Errorf("from %q to %q", items[0].Title, items[9].Title)
	}
}

func TestFilterTitles(t *testing.T) {
	t.Parallel()
	one, two := []string{"a"}, []string{"a", "b"}
	for name, test := range map[string]struct {
		commit commit
		kept   bool
	}{
		"plain":                 {commit{Title: "Fix"}, true},
		"untitled":              {commit{ID: "c0ffee01"}, true},
		"two parents":           {commit{Title: "Fix", Parents: two}, false},
		"a branch":              {commit{Title: "Merge branch 'a' into 'b'"}, false},
		"branches":              {commit{Title: "Merge branches 'a' and 'b'"}, false},
		"remote-tracking":       {commit{Title: "Merge remote-tracking branch 'origin/a'"}, false},
		"a pull request":        {commit{Title: "Merge pull request #7 from x/y"}, false},
		"a tag":                 {commit{Title: "Merge tag 'v1'"}, false},
		"a squashed merge":      {commit{Title: "Merge branch 'a' into 'b'", Parents: one}, true},
		"the word alone":        {commit{Title: "Merge the two carts"}, true},
		"noise":                 {commit{Title: "Bump x"}, false},
		"noise behind a blank":  {commit{Title: "\u200b Bump x"}, false},
		"noise in another case": {commit{Title: "bump x"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := testRules(nil)
			q, _ := rules.question(document())
			items, filtered := rules.filter([]commit{test.commit}, q)
			if kept := len(items) == 1; kept != test.kept || filtered == 1 == kept {
				t.Errorf("kept %t, filtered %d, want kept %t", kept, filtered, test.kept)
			}
		})
	}
}

func TestLongTitleIsCut(t *testing.T) {
	t.Parallel()
	body := `{"commits":[{"id":"c0ffee01","title":"` + strings.Repeat("ä", 10_000) + `","author_name":"` + strings.Repeat("名", 500) + `"}]}`
	server := gitLab(t, answerWith(200, jsonType, body))
	item := newFinder(server.URL, io.Discard).Find(t.Context(), document()).Items[0]
	if n := utf8.RuneCountInString(item.Title); n != maxTitle || !utf8.ValidString(item.Title) {
		t.Errorf("a title of %d characters: %q", n, item.Title)
	}
	if n := utf8.RuneCountInString(item.Author); n != maxAuthor {
		t.Errorf("an author of %d characters", n)
	}
}

// manyCommits are n commits, oldest first: of every ten, one is a merge, one noise, and
// one has the title of the one before it.
func manyCommits(n int) []commit {
	commits := make([]commit, n)
	for i := range commits {
		c := &commits[i]
		c.ID = fmt.Sprintf("c0ffee%034d", i)
		c.Title = fmt.Sprintf("Change %d of the cart", i)
		c.Author, c.CreatedAt = "Ada Example", "2024-03-01T09:00:00.000+01:00"
		c.Parents = []string{"p"}
		c.WebURL = "https://gitlab.example/shop/checkout/-/commit/" + c.ID
		switch i % 10 {
		case 3:
			c.Parents = []string{"p", "q"}
		case 6:
			c.Title = "Bump " + c.Title
		case 8:
			c.Title = fmt.Sprintf("Change %d of the cart", i-1)
		}
	}
	return commits
}

// hugeAnswer is GitLab's answer with n commits and so many bytes of diffs, made as it is read.
func hugeAnswer(n, diffs int) io.Reader {
	file := `{"old_path":"a","new_path":"a","diff":"` + strings.Repeat(`+x\n`, 16<<10) + `"}`
	var list strings.Builder
	for i, c := range manyCommits(n) {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"id":%q,"short_id":%q,"title":%q,"message":%q,"author_name":"Ada","created_at":%q,"parent_ids":["%s"],"web_url":%q}`,
			c.ID, c.ID[:8], c.Title, c.Title+strings.Repeat(" and more", 40), c.CreatedAt, strings.Join(c.Parents, `","`), c.WebURL)
	}
	parts := []io.Reader{strings.NewReader(`{"commits":[` + list.String() + `],"diffs":[` + file)}
	next := "," + file
	for size := len(file); size < diffs; size += len(file) {
		parts = append(parts, strings.NewReader(next))
	}
	return io.MultiReader(append(parts, strings.NewReader(`],"web_url":"https://gitlab.example/moved"}`))...)
}

// sampler notes the largest heap seen while it is read.
type sampler struct {
	io.Reader
	read, next int
	peak       uint64
}

func (s *sampler) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.read += n; s.read >= s.next {
		s.next += 2 << 20
		s.peak = max(s.peak, heap())
	}
	return n, err
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Not parallel: what others hold in memory would count.
func TestDiffsAreNotHeld(t *testing.T) {
	before := heap()
	s := &sampler{Reader: hugeAnswer(1000, 24<<20)}
	var a answer
	if _, err := a.ReadFrom(s); err != nil || len(a.commits) != 1000 || a.webURL == "" {
		t.Fatalf("%d commits, %v", len(a.commits), err)
	}
	if held := int64(s.peak) - int64(before); held > 8<<20 {
		t.Errorf("%d KiB held while reading %d KiB", held>>10, s.read>>10)
	}
}

func BenchmarkFilter10000(b *testing.B) {
	rules := testRules(nil)
	q, _ := rules.question(document())
	commits := manyCommits(10_000)
	b.ReportAllocs()
	for b.Loop() {
		rules.filter(commits, q)
	}
}

func BenchmarkRead10000(b *testing.B) {
	body, err := io.ReadAll(hugeAnswer(10_000, 20<<20))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var a answer
		if _, err := a.ReadFrom(bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}
