package commits

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

func FuzzAnswer(f *testing.F) {
	fixture, err := os.ReadFile("testdata/compare.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(200, fixture)
	f.Add(200, []byte(`{"commits":[{"id":"c0ffee01","title":"\ud800\u202e\u0000","created_at":"0000-01-01T00:00:00+23:59"}],"web_url":"https://gitlab.example/|"}`))
	f.Add(200, []byte(`{"commits":[],"commits":[{"title":1}],"compare_same_ref":3}`))
	f.Add(404, []byte(`{"message":"404 Ref Not Found"}`))
	f.Add(502, []byte(page))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		finder := newFinder("https://gitlab.example", io.Discard)
		finder.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Header: http.Header{"Content-Type": {jsonType}},
				Body: io.NopCloser(bytes.NewReader(body)), Request: r,
			}, nil
		})}
		found := finder.Find(t.Context(), document())
		if len(found.Items) > maxItems || found.Total < len(found.Items) || found.Filtered < 0 {
			t.Errorf("%d items of %d, %d filtered", len(found.Items), found.Total, found.Filtered)
		}
		if (found.Reason == "") != (found.Total > 0) {
			t.Errorf("%d commits with the reason %q", found.Total, found.Reason)
		}
		checkReason(t, found.Reason)
		checkText(t, found.Reason, maxReleaseReason)
		checkLink(t, found.CompareURL)
		for _, item := range found.Items {
			checkText(t, item.Title, maxTitle)
			checkText(t, item.Author, maxAuthor)
			checkLink(t, item.URL)
			if item.Title == "" || item.ID != "" && !commitID.MatchString(item.ID) || !strings.HasPrefix(item.ID, item.ShortID) {
				t.Errorf("item %+v", item)
			}
		}
		if _, err := json.Marshal(found); err != nil {
			t.Errorf("cannot be marshalled: %v", err)
		}
	})
}

func checkText(t *testing.T, s string, limit int) {
	t.Helper()
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > limit {
		t.Errorf("%q is not fit to be shown", s)
	}
}

func checkLink(t *testing.T, link string) {
	t.Helper()
	if link == "" {
		return
	}
	u, err := url.Parse(link)
	if err != nil || !strings.EqualFold(u.Host, "gitlab.example") || u.User != nil || strings.ContainsAny(link, "<>|\"\\ ?#") {
		t.Errorf("%q is no link to GitLab (%v)", link, err)
	}
}

func FuzzRef(f *testing.F) {
	f.Add("v1.2.3", "{tag}", `^main-(?P<ref>[0-9a-f]{8})-`, "shop/checkout")
	f.Add("main-0123abcd-9", "release/{tag}", `^main-(?P<ref>.*)-`, "42")
	f.Add("a..b", "", "(", "../x")
	f.Add("é\x00?&#%2e\xff", "{tag}{tag}", "(?P<ref>)", "a/b\n")
	f.Fuzz(func(t *testing.T, tag, template, pattern, project string) {
		rules := testRules(func(a *account.Account) {
			a.GitLab.URL, a.GitLab.Ref, a.GitLab.RefPattern = "https://gitlab.example", template, pattern
		})
		doc := document()
		doc.Release.Image.Tag, doc.Release.Project = tag, project
		doc.Release.Outcome = deployment.NewRelease
		q, reason := rules.question(doc)
		checkReason(t, reason)
		if reason != "" {
			return
		}
		for _, ref := range []string{q.from, q.to} {
			if ref == "" || len(ref) > maxName || strings.Contains(ref, "..") || strings.HasPrefix(ref, "-") {
				t.Errorf("the ref %q", ref)
			}
			checkText(t, ref, maxName)
		}
		link := q.compareURL("")
		checkLink(t, link)
		if u, err := url.Parse(link); link != "" && (err != nil || u.Path != "/"+q.project+"/-/compare/"+q.from+"..."+q.to) {
			t.Errorf("the link %q leads elsewhere", link)
		}
	})
}
