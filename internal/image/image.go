// Package image takes container image references apart.
//
// The grammar is that of github.com/distribution/reference, the reference
// implementation. It is written out by hand here because that module compiles a dozen
// regular expressions when a program starts (1.1 ms and 4,400 allocations measured, on
// a whole CPU; a small Lambda has a fraction of one), for a reference or two that are
// read. The tests hold the two against each other.
package image

import (
	"errors"
	"fmt"
	"strings"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// Latest is the tag that is meant when a reference has neither tag nor digest.
const Latest = "latest"

const (
	maxTag  = 128 // characters in a tag
	maxPath = 255 // characters in a repository's name, the registry not counted
)

// digestHex is how many hexadecimal digits the known digest algorithms give.
var digestHex = map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}

// Parse takes a reference such as registry:5000/team/checkout:1.2.3@sha256:… apart. A
// reference with neither tag nor digest has the tag latest. The repository stays as it
// is written: no registry is filled in.
func Parse(ref string) (deployment.Image, error) {
	name, digest, pinned := strings.Cut(ref, "@")
	// A colon before the last slash belongs to the registry's port.
	slash := strings.LastIndexByte(name, '/') + 1
	last, tag, tagged := strings.Cut(name[slash:], ":")
	name = name[:slash] + last

	problem := checkName(name)
	switch {
	case problem != nil:
	case tagged && !IsTag(tag):
		problem = errors.New("tag: letters, digits, _ . - expected, 128 at most")
	case pinned && !IsDigest(digest):
		problem = errors.New("digest: sha256: and 64 lower-case hexadecimal digits expected")
	}
	if problem != nil {
		return deployment.Image{}, fmt.Errorf("image %q: %w", text.Cut(ref, 200), problem)
	}
	if !tagged && !pinned {
		tag = Latest
	}
	return deployment.Image{Repository: name, Tag: tag, Digest: digest}, nil
}

// IsTag tells whether s can be a tag: a letter, digit or underscore, then up to 127 of
// those, dots and dashes.
func IsTag(s string) bool {
	if s == "" || len(s) > maxTag || s[0] == '.' || s[0] == '-' {
		return false
	}
	return only(s, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '.' || c == '-' })
}

// IsDigest tells whether s is a digest such as sha256:… with all of its digits.
func IsDigest(s string) bool {
	algorithm, hex, _ := strings.Cut(s, ":")
	length, known := digestHex[algorithm]
	return known && len(hex) == length && only(hex, func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' })
}

// checkName checks the name: [registry[:port]/]path.
func checkName(name string) error {
	first, path, found := strings.Cut(name, "/")
	if !found || !isRegistry(first) {
		path = name
	}
	for component := range strings.SplitSeq(path, "/") {
		if !isComponent(component) {
			return errors.New("name: [registry[:port]/]path in lower case expected")
		}
	}
	if len(path) > maxPath {
		return fmt.Errorf("name: %d characters at most expected", maxPath)
	}
	return nil
}

// isRegistry tells whether s can be a host, with or without a port. Whether it is one,
// or the first part of a path, nobody can tell of a name such as library/redis.
func isRegistry(s string) bool {
	if address, ok := strings.CutPrefix(s, "["); ok {
		ip, port, closed := strings.Cut(address, "]")
		isIP := ip != "" && only(ip, func(c byte) bool { return isHex(c) || c == ':' })
		return closed && isIP && (port == "" || port[0] == ':' && isNumber(port[1:]))
	}
	host, port, hasPort := strings.Cut(s, ":")
	if hasPort && !isNumber(port) {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		inside := only(label, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' })
		if label == "" || !inside || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// isComponent tells whether s can stand between two slashes of a path: lower-case
// letters and digits, parted by one dot, one or two underscores, or dashes.
func isComponent(s string) bool {
	word := false // whether the character before is a letter or digit
	for i := 0; i < len(s); {
		if isLower(s[i]) || isDigit(s[i]) {
			word = true
			i++
			continue
		}
		rest := len(s) - i - len(strings.TrimLeft(s[i:], s[i:i+1])) // how often it repeats
		ok := s[i] == '-' || s[i] == '.' && rest == 1 || s[i] == '_' && rest <= 2
		if !ok || !word {
			return false
		}
		word = false
		i += rest
	}
	return word
}

func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isNumber(s string) bool { return s != "" && only(s, isDigit) }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isLower(c byte) bool    { return 'a' <= c && c <= 'z' }
func isLetter(c byte) bool   { return isLower(c) || 'A' <= c && c <= 'Z' }
func isHex(c byte) bool      { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
