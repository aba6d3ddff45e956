package standin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of https://docs.slack.dev/reference/block-kit, in characters or items.
const (
	maxBlocks         = 50
	maxID             = 255
	maxSectionText    = 3000
	maxFields         = 10
	maxFieldText      = 2000
	maxHeaderText     = 150
	maxContext        = 10
	maxActions        = 25
	maxButtonText     = 75
	maxButtonURL      = 3000
	maxButtonValue    = 2000
	maxAltText        = 2000
	maxImageURL       = 3000
	maxMarkdown       = 12_000 // of all markdown blocks of a message
	maxConfirmTitle   = 100
	maxConfirmText    = 300
	maxConfirmButton  = 30
	maxAccessibleText = 75
)

// node is a JSON object of Block Kit.
type node = map[string]any

// blockCheck collects what is wrong with the blocks of one message. It knows the blocks that
// every workspace and webhook takes: section, header, context, actions, divider, image and
// markdown, with buttons and images as elements. It refuses any other type rather than let
// through what it cannot check.
type blockCheck struct {
	problems []string
	blockIDs map[string]bool
	actions  map[string]bool
	markdown int
}

// checkBlocks returns the blocks, given as JSON text, in compact form.
func checkBlocks(value string) (json.RawMessage, *refusal) {
	var blocks []node
	if err := json.Unmarshal([]byte(value), &blocks); err != nil || blocks == nil {
		return nil, refuse("invalid_blocks_format")
	}
	c := &blockCheck{blockIDs: map[string]bool{}, actions: map[string]bool{}}
	if len(blocks) > maxBlocks {
		c.fail("/blocks", "no more than %d items allowed", maxBlocks)
	}
	for i, b := range blocks {
		c.block("/blocks/"+strconv.Itoa(i), b)
	}
	if len(c.problems) > 0 {
		return nil, &refusal{word: "invalid_blocks", messages: c.problems}
	}
	kept := compact(value)
	if utf8.RuneCount(kept) > maxBlocksLength {
		return nil, refuse("msg_blocks_too_long")
	}
	return kept, nil
}

func (c *blockCheck) fail(at, format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...)+" [json-pointer:"+at+"]")
}

func (c *blockCheck) block(at string, b node) {
	if b == nil {
		c.fail(at, "must be an object")
		return
	}
	kind, _ := b["type"].(string)
	switch kind {
	case "section":
		c.section(at, b)
	case "header":
		c.keys(at, b, "text")
		c.text(at+"/text", b["text"], maxHeaderText, "plain_text")
	case "context":
		c.keys(at, b, "elements")
		c.elements(at, b, maxContext, c.contextElement)
	case "actions":
		c.keys(at, b, "elements")
		c.elements(at, b, maxActions, c.button)
	case "divider":
		c.keys(at, b)
	case "image":
		c.keys(at, b, "image_url", "alt_text", "title")
		c.image(at, b)
		if title, given := b["title"]; given {
			c.text(at+"/title", title, maxAltText, "plain_text")
		}
	case "markdown":
		c.keys(at, b, "text")
		c.markdown += utf8.RuneCountInString(c.length(at, b, "text", maxMarkdown, true))
		if c.markdown > maxMarkdown {
			c.fail(at+"/text", "must be less than %d characters with all other markdown blocks", maxMarkdown+1)
		}
	default:
		c.fail(at+"/type", "unsupported type: %s", kind)
	}
	c.id(at, b, "block_id", c.blockIDs)
}

func (c *blockCheck) section(at string, b node) {
	c.keys(at, b, "text", "fields", "accessory", "expand")
	fields, given := b["fields"]
	if _, hasText := b["text"]; hasText {
		c.text(at+"/text", b["text"], maxSectionText, "plain_text", "mrkdwn")
	} else if !given {
		c.fail(at, "must define either `text` or `fields`")
	}
	if given {
		list, _ := fields.([]any)
		c.items(at+"/fields", list, maxFields)
		for i, field := range list {
			c.text(at+"/fields/"+strconv.Itoa(i), field, maxFieldText, "plain_text", "mrkdwn")
		}
	}
	accessory, given := b["accessory"]
	if !given {
		return
	}
	if element, _ := accessory.(node); element["type"] == "image" {
		c.keys(at+"/accessory", element, "image_url", "alt_text")
		c.image(at+"/accessory", element)
	} else {
		c.button(at+"/accessory", accessory)
	}
}

func (c *blockCheck) elements(at string, b node, most int, check func(at string, element any)) {
	list, _ := b["elements"].([]any)
	c.items(at+"/elements", list, most)
	for i, element := range list {
		check(at+"/elements/"+strconv.Itoa(i), element)
	}
}

func (c *blockCheck) items(at string, list []any, most int) {
	if len(list) == 0 {
		c.fail(at, "no less than 1 item allowed")
	}
	if len(list) > most {
		c.fail(at, "no more than %d items allowed", most)
	}
}

func (c *blockCheck) contextElement(at string, element any) {
	if image, _ := element.(node); image["type"] == "image" {
		c.keys(at, image, "image_url", "alt_text")
		c.image(at, image)
		return
	}
	c.text(at, element, maxSectionText, "plain_text", "mrkdwn")
}

func (c *blockCheck) image(at string, b node) {
	c.url(at, b, "image_url", maxImageURL, true)
	c.length(at, b, "alt_text", maxAltText, true)
}

func (c *blockCheck) button(at string, element any) {
	b, _ := element.(node)
	if b["type"] != "button" {
		c.fail(at+"/type", "unsupported type: %v", b["type"])
		return
	}
	c.keys(at, b, "text", "action_id", "url", "value", "style", "confirm", "accessibility_label")
	c.text(at+"/text", b["text"], maxButtonText, "plain_text")
	c.id(at, b, "action_id", c.actions)
	c.url(at, b, "url", maxButtonURL, false)
	c.length(at, b, "value", maxButtonValue, false)
	c.length(at, b, "accessibility_label", maxAccessibleText, false)
	c.style(at, b)
	if confirm, given := b["confirm"]; given {
		c.confirm(at+"/confirm", confirm)
	}
}

func (c *blockCheck) confirm(at string, value any) {
	b, ok := value.(node)
	if !ok {
		c.fail(at, "must provide an object")
		return
	}
	c.keys(at, b, "title", "text", "confirm", "deny", "style")
	c.text(at+"/title", b["title"], maxConfirmTitle, "plain_text")
	c.text(at+"/text", b["text"], maxConfirmText, "plain_text", "mrkdwn")
	c.text(at+"/confirm", b["confirm"], maxConfirmButton, "plain_text")
	c.text(at+"/deny", b["deny"], maxConfirmButton, "plain_text")
	c.style(at, b)
}

func (c *blockCheck) style(at string, b node) {
	if style, given := b["style"]; given && style != "primary" && style != "danger" {
		c.fail(at+"/style", "must be one of: primary, danger")
	}
}

// text checks a text object: https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func (c *blockCheck) text(at string, value any, most int, types ...string) {
	b, ok := value.(node)
	if !ok {
		c.fail(at, "must provide an object")
		return
	}
	kind, _ := b["type"].(string)
	if !slices.Contains(types, kind) {
		c.fail(at+"/type", "must be one of: %s", strings.Join(types, ", "))
		return
	}
	option := "emoji"
	if kind == "mrkdwn" {
		option = "verbatim"
	}
	c.keys(at, b, "text", option)
	if _, isBool := b[option].(bool); b[option] != nil && !isBool {
		c.fail(at+"/"+option, "must provide a boolean")
	}
	c.length(at, b, "text", most, true)
}

// length checks that a value is a string of 1 to most characters, and returns it.
func (c *blockCheck) length(at string, b node, key string, most int, required bool) string {
	value, given := b[key]
	if !given {
		if required {
			c.fail(at, "missing required field: %s", key)
		}
		return ""
	}
	s, ok := value.(string)
	switch {
	case !ok:
		c.fail(at+"/"+key, "must provide a string")
	case s == "":
		c.fail(at+"/"+key, "must be more than 0 characters")
	case utf8.RuneCountInString(s) > most:
		c.fail(at+"/"+key, "must be less than %d characters", most+1)
	}
	return s
}

func (c *blockCheck) url(at string, b node, key string, most int, required bool) {
	s := c.length(at, b, key, most, required)
	if s != "" && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		c.fail(at+"/"+key, "must provide a valid url")
	}
}

// id checks an id that must not occur twice in the message.
func (c *blockCheck) id(at string, b node, key string, seen map[string]bool) {
	id := c.length(at, b, key, maxID, false)
	if id == "" {
		return
	}
	if seen[id] {
		c.fail(at+"/"+key, "`%s` %q already exists", key, id)
	}
	seen[id] = true
}

// keys refuses what Block Kit does not know; every block may have type and block_id, and
// every object its type.
func (c *blockCheck) keys(at string, b node, known ...string) {
	isBlock := strings.Count(at, "/") == 2
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if key != "type" && !(isBlock && key == "block_id") && !slices.Contains(known, key) {
			c.fail(at, "invalid additional property: %s", key)
		}
	}
}
