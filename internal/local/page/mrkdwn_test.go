package page

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestMrkdwn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"nothing":                {"", ""},
		"text":                   {"checkout is live", "checkout is live"},
		"bold":                   {"*Service*\ncheckout", "<strong>Service</strong><br/>checkout"},
		"italic":                 {"_very_ soon", "<em>very</em> soon"},
		"strike":                 {"~no~", "<s>no</s>"},
		"nested":                 {"*a _b_ c*", "<strong>a <em>b</em> c</strong>"},
		"names stay":             {"snake_case_name and 2*3*4", "snake_case_name and 2*3*4"},
		"a lone sign":            {"a * b", "a * b"},
		"open at the end":        {"*never closed", "*never closed"},
		"two signs":              {"** a **", "** a **"},
		"not over lines":         {"*a\nb*", "*a<br/>b*"},
		"code":                   {"run `make *demo*` now", "run <code>make *demo*</code> now"},
		"empty code":             {"``", "``"},
		"link":                   {"<https://x.example/?a=1&amp;b=2|1.41.0 → 1.42.0>", `<a rel="noreferrer" href="https://x.example/?a=1&amp;b=2">1.41.0 → 1.42.0</a>`},
		"link without label":     {"<https://x.example>", `<a rel="noreferrer" href="https://x.example">https://x.example</a>`},
		"bold link":              {"*<https://x.example|x>*", `<strong><a rel="noreferrer" href="https://x.example">x</a></strong>`},
		"a link that does harm":  {"<javascript:alert(1)|x>", "x"},
		"a quote in a link":      {`<https://x.example/"onclick="a|x>`, `<a rel="noreferrer" href="https://x.example/&#34;onclick=&#34;a">x</a>`},
		"date":                   {"<!date^1773454029^{date_short_pretty}, {time}|14 Mar 2026, 02:07 UTC>", "<time>14 Mar 2026, 02:07 UTC</time>"},
		"mention of all":         {"<!channel>", `<span class="mention">channel</span>`},
		"mention of a channel":   {"<#C1|deploys>", `<span class="mention">#deploys</span>`},
		"an angle left open":     {"a < b", "a &lt; b"},
		"an empty angle":         {"<>", "&lt;&gt;"},
		"escapes":                {"a &lt;b&gt; &amp;amp; &quot;", "a &lt;b&gt; &amp;amp; &amp;quot;"},
		"quote":                  {"> tasks failed", "<blockquote>tasks failed</blockquote>"},
		"quote of two lines":     {"> a\n> b\nc", "<blockquote>a<br/>b</blockquote>c"},
		"escaped quote":          {"a\n&gt; b", "a<blockquote>b</blockquote>"},
		"emoji":                  {":rocket: is out", "🚀 is out"},
		"an emoji that is none":  {":no_such_thing: 12:30:00", ":no_such_thing: 12:30:00"},
		"bullets":                {"• a\n• b", "• a<br/>• b"},
		"control characters":     {"a\x00b\x1bc\x7f", "abc"},
		"bytes that are no text": {"a\xffb", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := string(mrkdwn(test.in)); got != test.want {
				t.Errorf("mrkdwn(%q)\n got %s\nwant %s", test.in, got, test.want)
			}
		})
	}
}

// FuzzMrkdwn holds that nothing but our own few elements ever comes out, well-formed.
func FuzzMrkdwn(f *testing.F) {
	for _, seed := range []string{"*a _b_ ~c~ `d`*", "<https://x.example|y>", "> q\n&gt; r", `<script>alert("1")</script>`, "<!date^1^|&lt;b>", ":rocket:<@U1>", "&amp;lt;", "<https://x.example/'\"|'\">"} {
		f.Add(seed)
	}
	allowed := map[string][]string{"x": nil, "strong": nil, "em": nil, "s": nil, "code": nil, "blockquote": nil, "br": nil, "time": nil, "span": {"class"}, "a": {"rel", "href"}}
	f.Fuzz(func(t *testing.T, s string) {
		out := "<x>" + string(mrkdwn(s)) + "</x>"
		for decoder := xml.NewDecoder(strings.NewReader(out)); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("mrkdwn(%q) = %q: %v", s, out, err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			attributes, known := allowed[start.Name.Local]
			if !known {
				t.Errorf("mrkdwn(%q) = %q has <%s>", s, out, start.Name.Local)
			}
			for _, a := range start.Attr {
				if !slices.Contains(attributes, a.Name.Local) || a.Name.Local == "href" && !isWeb(a.Value) {
					t.Errorf("mrkdwn(%q) = %q has %s=%q", s, out, a.Name.Local, a.Value)
				}
			}
		}
	})
}
