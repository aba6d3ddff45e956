package image_test

import (
	_ "crypto/sha256" // the oracle knows only the digests that are linked in
	_ "crypto/sha512"
	"strings"
	"testing"

	"github.com/distribution/reference"

	"fanfare/internal/deployment"
	"fanfare/internal/image"
)

var (
	sha256 = "sha256:" + strings.Repeat("0a", 32)
	sha512 = "sha512:" + strings.Repeat("0a", 64)
)

var references = []struct {
	name, ref string
	want      deployment.Image // zero when it is no reference
}{
	{"as ECR names it", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:1.2.3", img("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout", "1.2.3", "")},
	{"bare name", "httpd", img("httpd", "latest", "")},
	{"number after a bare name is a tag", "example.org:5000", img("example.org", "5000", "")},
	{"port without tag", "registry:5000/checkout", img("registry:5000/checkout", "latest", "")},
	{"port and tag", "registry:5000/checkout:main-1a2b3c4d", img("registry:5000/checkout", "main-1a2b3c4d", "")},
	{"port and digest", "registry:5000/checkout@" + sha256, img("registry:5000/checkout", "", sha256)},
	{"tag and digest", "checkout:1.2.3@" + sha256, img("checkout", "1.2.3", sha256)},
	{"digest alone", "checkout@" + sha512, img("checkout", "", sha512)},
	{"upper-case host", "Registry.Example.ORG/checkout:1", img("Registry.Example.ORG/checkout", "1", "")},
	{"upper-case tag", "checkout:RC1", img("checkout", "RC1", "")},
	{"IPv6 host", "[2001:db8::1]:5000/checkout:1", img("[2001:db8::1]:5000/checkout", "1", "")},
	{"first part is no host", "my__team/check--out:1", img("my__team/check--out", "1", "")},
	{"longest tag", "checkout:" + strings.Repeat("x", 128), img("checkout", strings.Repeat("x", 128), "")},

	{"nothing", "", deployment.Image{}},
	{"tag alone", ":1.2.3", deployment.Image{}},
	{"digest without name", "@" + sha256, deployment.Image{}},
	{"upper-case path", "registry:5000/Checkout", deployment.Image{}},
	{"empty tag", "checkout:", deployment.Image{}},
	{"tag too long", "checkout:" + strings.Repeat("x", 129), deployment.Image{}},
	{"tag that starts with a dot", "checkout:.1", deployment.Image{}},
	{"two tags", "checkout:1:2", deployment.Image{}},
	{"short digest", "checkout@sha256:0a0a", deployment.Image{}},
	{"unknown digest", "checkout@" + strings.Replace(sha256, "sha256", "sha1", 1), deployment.Image{}},
	{"upper-case digest", "checkout@" + strings.ToUpper(sha256), deployment.Image{}},
	{"two digests", "checkout@" + sha256 + "@" + sha256, deployment.Image{}},
	{"port that is no number", "registry:http/checkout", deployment.Image{}},
	{"IPv6 zone", "[fe80::1%eth0]:5000/checkout", deployment.Image{}},
	{"IPv6 without an end", "[2001:db8::1/checkout", deployment.Image{}},
	{"host that starts with a dash", "-registry.example.org/checkout", deployment.Image{}},
	{"path that ends in a separator", "team/checkout_", deployment.Image{}},
	{"three underscores", "team/check___out", deployment.Image{}},
	{"two dots", "team/check..out", deployment.Image{}},
	{"two slashes", "team//checkout", deployment.Image{}},
	{"path too long", "registry.example.org/" + strings.Repeat("a", 256), deployment.Image{}},
	{"blank", "checkout 1", deployment.Image{}},
	{"line break", "checkout\n", deployment.Image{}},
	{"placeholder that nobody filled in", "<account>.dkr.ecr.eu-west-1.amazonaws.com/checkout", deployment.Image{}},
}

func img(repository, tag, digest string) deployment.Image {
	return deployment.Image{Repository: repository, Tag: tag, Digest: digest}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range references {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := image.Parse(test.ref)
			if (err != nil) != test.want.IsZero() || got != test.want {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", test.ref, got, err, test.want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
			agree(t, test.ref)
		})
	}
}

func TestIsDigestAndIsTag(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]bool{
		"1.2.3":  {true, false},
		sha256:   {false, true},
		"":       {false, false},
		"sha256": {true, false},
		"-1":     {false, false},
		"a b":    {false, false},
	} {
		if got := [2]bool{image.IsTag(s), image.IsDigest(s)}; got != want {
			t.Errorf("IsTag, IsDigest(%q) = %v, want %v", s, got, want)
		}
	}
}

// FuzzParse holds the grammar against the reference implementation.
func FuzzParse(f *testing.F) {
	for _, test := range references {
		f.Add(test.ref)
	}
	f.Fuzz(agree)
}

func agree(t *testing.T, ref string) {
	got, err := image.Parse(ref)
	want, wantErr := reference.Parse(ref)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("Parse(%q): %v; the reference implementation: %v", ref, err, wantErr)
	}
	if err != nil {
		return
	}
	var oracle deployment.Image
	if named, ok := want.(reference.Named); ok {
		oracle.Repository = named.Name()
	}
	if tagged, ok := want.(reference.Tagged); ok {
		oracle.Tag = tagged.Tag()
	}
	if digested, ok := want.(reference.Digested); ok {
		oracle.Digest = digested.Digest().String()
	}
	if oracle.Tag == "" && oracle.Digest == "" {
		oracle.Tag = image.Latest
	}
	if got != oracle {
		t.Fatalf("Parse(%q) = %+v; the reference implementation: %+v", ref, got, oracle)
	}
}
