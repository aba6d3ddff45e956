package accountfile

import (
	"regexp"
	"strings"

	"fanfare/internal/account"
)

var ssmName = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+)+$`)

// maxLevels is how many parts a parameter's name may have.
const maxLevels = 15

// isParameter tells whether SSM takes the name once the placeholders are filled in.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func isParameter(template string, placeholders ...string) bool {
	name := fill(template, placeholders...)
	return ssmName.MatchString(name) && strings.Count(name, "/") <= maxLevels
}

// reserved tells whether SSM keeps the name for AWS.
func reserved(name string) bool {
	first := strings.ToLower(strings.TrimPrefix(name, "/"))
	return strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm")
}

// checkParameters is about what is kept in SSM: secrets, last good tags and revisions.
func (c *checker) checkParameters() {
	a := c.account
	prefix := a.Secrets.Prefix
	const notReserved = "a name that does not begin with aws or ssm, which AWS keeps for itself,"
	c.must(isParameter(prefix), "secrets.prefix", "the beginning of an SSM parameter's name, such as "+account.DefaultPrefix+",", prefix)
	c.must(!reserved(prefix), "secrets.prefix", notReserved, prefix)
	c.must(a.Secrets.KeyARN == "" || keyARN.MatchString(a.Secrets.KeyARN), "secrets.keyArn", "the ARN of a KMS key (arn:aws:kms:…:key/…)", a.Secrets.KeyARN)

	for _, kept := range []struct{ path, template, own, example, owner string }{
		{"lastTag", a.LastTag, "{service}", account.DefaultLastTag, "service"},
		{"lastRevision", a.LastRevision, "{pipeline}", account.DefaultLastRevision, "pipeline"},
	} {
		c.must(strings.Contains(kept.template, kept.own), kept.path, "a name with "+kept.own+" in it", kept.template, "each "+kept.owner+" has its own")
		names := []string{"pipeline"}
		if kept.path == "lastTag" {
			names = []string{"cluster", "service"}
		}
		c.must(isParameter(kept.template, names...), kept.path, "an SSM parameter's name such as "+kept.example, kept.template)
		c.must(!reserved(kept.template), kept.path, notReserved, kept.template)
		// Whoever may write last good tags could else write secrets.
		fixed, _, _ := strings.Cut(kept.template, "{")
		if c.sound("secrets.prefix", kept.path) {
			c.must(!strings.HasPrefix(fixed, prefix+"/") && !strings.HasPrefix(prefix+"/", fixed), kept.path,
				"a name that cannot be that of a secret below "+prefix, kept.template)
		}
	}
	if c.sound("lastTag", "lastRevision") {
		path, found, other := "lastRevision", a.LastRevision, a.LastTag
		if !c.written(path) { // it is the other that was chosen
			path, found, other = "lastTag", a.LastTag, a.LastRevision
		}
		c.must(!collide(a.LastTag, a.LastRevision), path, "a name that no parameter of "+other+" can have", found)
	}
}
