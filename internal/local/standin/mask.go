package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"strings"
)

const (
	masked       = "***"
	maxHead      = 4096      // bytes of an answer that are looked at
	maxAnswer    = 500       // characters of an answer that are remembered
	maxKeptBytes = 256 << 10 // bytes of a request that are remembered
)

// secretNames are the names, in lower case, whose values are never remembered.
var secretNames = map[string]bool{
	"token": true, "access_token": true, "private_token": true, "job_token": true,
	"routing_key": true, "service_key": true, "authorization": true, "password": true,
	"secret": true, "client_secret": true, "subscribeurl": true,
}

// looseSecret finds secrets by name in a body that no parser takes.
var looseSecret = regexp.MustCompile(`(?i)((?:token|routing_key|service_key|password|secret|subscribeurl)"?\s*[:=]\s*"?)[^"&\s]+`)

// replacer masks the secrets that are known, wherever they stand.
func replacer(secrets []string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, masked)
		}
	}
	return strings.NewReplacer(pairs...)
}

// maskPath returns path and query without secrets. What follows /services/ is masked whole:
// with Slack's webhooks the path is the secret.
func maskPath(u *url.URL, secrets *strings.Replacer) string {
	path := u.EscapedPath()
	if strings.HasPrefix(u.Path, "/services/") {
		path = "/services/" + masked
	}
	if u.RawQuery == "" {
		return secrets.Replace(path)
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || secretNames[strings.ToLower(plain)] {
			pairs[i] = name + "=" + masked
		}
	}
	return secrets.Replace(path + "?" + strings.Join(pairs, "&"))
}

// maskBody returns the body as JSON without secrets, and nil for an empty one.
func maskBody(contentType string, body []byte, secrets *strings.Replacer) json.RawMessage {
	if len(body) == 0 {
		return nil
	}
	if len(body) > maxKeptBytes {
		return encode(fmt.Sprintf("(%d bytes, too many to remember)", len(body)))
	}
	if kind, _, _ := mime.ParseMediaType(contentType); kind == "application/x-www-form-urlencoded" {
		if form, err := url.ParseQuery(string(body)); err == nil {
			return encode(maskForm(form, secrets))
		}
	}
	if value, err := decode(body); err == nil {
		return encode(maskValue(value, secrets))
	}
	loose := looseSecret.ReplaceAllString(strings.ToValidUTF8(string(body), "\uFFFD"), "${1}"+masked)
	return encode(secrets.Replace(loose))
}

// maskForm shows a form as an object, and JSON within it (such as Slack's blocks) as JSON.
func maskForm(form url.Values, secrets *strings.Replacer) map[string]any {
	shown := make(map[string]any, len(form))
	for name, values := range form {
		value := strings.Join(values, ",")
		shown[name] = value
		if strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") {
			if inner, err := decode([]byte(value)); err == nil {
				shown[name] = inner
			}
		}
	}
	return maskValue(shown, secrets).(map[string]any)
}

func maskValue(value any, secrets *strings.Replacer) any {
	switch v := value.(type) {
	case string:
		return secrets.Replace(v)
	case []any:
		for i := range v {
			v[i] = maskValue(v[i], secrets)
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for name, inner := range v {
			if secretNames[strings.ToLower(name)] {
				clean[name] = masked
			} else {
				clean[secrets.Replace(name)] = maskValue(inner, secrets)
			}
		}
		return clean
	}
	return value
}

// decode reads exactly one JSON value, keeping numbers as they are written.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("decoding json: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decoding json: more than one value")
	}
	return value, nil
}

// encode writes value, which holds nothing that JSON cannot say, without escaping <, > and &:
// people read it.
func encode(value any) json.RawMessage {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return json.RawMessage(`"(not to be shown as json)"`)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// short cuts an answer to what is worth remembering.
func short(answer string) string {
	runes := []rune(answer)
	if len(runes) <= maxAnswer {
		return answer
	}
	return string(runes[:maxAnswer-1]) + "…"
}
