package standin

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheckBlocks(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("é", n) }
	header := func(text string) string {
		return `[{"type":"header","text":{"type":"plain_text","text":"` + text + `"}}]`
	}
	section := func(text string) string {
		return `[{"type":"section","text":{"type":"mrkdwn","text":"` + text + `"}}]`
	}
	repeat := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	fields := func(n, length int) string {
		return `[{"type":"section","fields":[` + repeat(`{"type":"mrkdwn","text":"`+long(length)+`"}`, n) + `]}]`
	}
	context := func(n int) string {
		return `[{"type":"context","elements":[` + repeat(`{"type":"mrkdwn","text":"x"}`, n) + `]}]`
	}
	actions := func(elements string) string { return `[{"type":"actions","elements":[` + elements + `]}]` }
	const label = `"type":"button","text":{"type":"plain_text","text":"Open"}`
	confirm := func(title, text, yes string) string {
		plain := func(s string) string { return `{"type":"plain_text","text":"` + s + `"}` }
		return actions(`{` + label + `,"style":"danger","confirm":{"title":` + plain(title) + `,"text":` + plain(text) + `,"confirm":` + plain(yes) + `,"deny":` + plain("No") + `}}`)
	}
	const image = `"image_url":"https://example.com/i.png","alt_text":"a chart"`
	for _, tt := range []struct {
		name, blocks, want string // want is one of the messages; empty when the blocks are taken
	}{
		{"50 blocks", "[" + repeat(`{"type":"divider"}`, 50) + "]", ""},
		{"51 blocks", "[" + repeat(`{"type":"divider"}`, 51) + "]", "no more than 50 items allowed [json-pointer:/blocks]"},
		{"unknown type", `[{"type":"banner"}]`, "unsupported type: banner [json-pointer:/blocks/0/type]"},
		{"no type", `[{}]`, "unsupported type:  [json-pointer:/blocks/0/type]"},
		{"null", `[null]`, "must be an object [json-pointer:/blocks/0]"},
		{"unknown key", `[{"type":"divider","text":"x"}]`, "invalid additional property: text [json-pointer:/blocks/0]"},

		{"header of 150", header(long(150)), ""},
		{"header of 151", header(long(151)), "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		{"header in mrkdwn", `[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`, "must be one of: plain_text [json-pointer:/blocks/0/text/type]"},
		{"header without text", `[{"type":"header"}]`, "must provide an object [json-pointer:/blocks/0/text]"},
		{"empty header", header(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},

		{"section of 3000", section(long(3000)), ""},
		{"section of 3001", section(long(3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{"section without text", `[{"type":"section"}]`, "must define either `text` or `fields` [json-pointer:/blocks/0]"},
		{"section with a bare string", `[{"type":"section","text":"x"}]`, "must provide an object [json-pointer:/blocks/0/text]"},
		{"text of a strange type", `[{"type":"section","text":{"type":"markdown","text":"x"}}]`, "must be one of: plain_text, mrkdwn [json-pointer:/blocks/0/text/type]"},
		{"text that is a number", `[{"type":"section","text":{"type":"mrkdwn","text":5}}]`, "must provide a string [json-pointer:/blocks/0/text/text]"},
		{"emoji is for plain_text", `[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}]`, "invalid additional property: emoji [json-pointer:/blocks/0/text]"},
		{"emoji that is a string", `[{"type":"header","text":{"type":"plain_text","text":"x","emoji":"yes"}}]`, "must provide a boolean [json-pointer:/blocks/0/text/emoji]"},
		{"verbatim", `[{"type":"section","text":{"type":"mrkdwn","text":"x","verbatim":true}}]`, ""},
		{"10 fields of 1000", fields(10, 1000), ""},
		{"11 fields", fields(11, 1), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"},
		{"field of 2001", fields(1, 2001), "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"},
		{"no fields", `[{"type":"section","fields":[]}]`, "no less than 1 item allowed [json-pointer:/blocks/0/fields]"},
		{"accessory button", `[{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{` + label + `}}]`, ""},
		{"accessory image", `[{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{"type":"image",` + image + `}}]`, ""},
		{"accessory of another type", `[{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{"type":"menu"}}]`, "unsupported type: menu [json-pointer:/blocks/0/accessory/type]"},

		{"10 context elements", context(10), ""},
		{"11 context elements", context(11), "no more than 10 items allowed [json-pointer:/blocks/0/elements]"},
		{"no context elements", context(0), "no less than 1 item allowed [json-pointer:/blocks/0/elements]"},
		{"image in a context", `[{"type":"context","elements":[{"type":"image",` + image + `}]}]`, ""},
		{"button in a context", `[{"type":"context","elements":[{` + label + `}]}]`, "must be one of: plain_text, mrkdwn [json-pointer:/blocks/0/elements/0/type]"},

		{"25 actions", actions(repeat("{"+label+"}", 25)), ""},
		{"26 actions", actions(repeat("{"+label+"}", 26)), "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		{"text in actions", actions(`{"type":"mrkdwn","text":"x"}`), "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/type]"},
		{"actions of numbers", actions(`1`), "unsupported type: <nil> [json-pointer:/blocks/0/elements/0/type]"},
		{"button text of 75", actions(`{"type":"button","text":{"type":"plain_text","text":"` + long(75) + `"}}`), ""},
		{"button text of 76", actions(`{"type":"button","text":{"type":"plain_text","text":"` + long(76) + `"}}`), "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"},
		{"button in mrkdwn", actions(`{"type":"button","text":{"type":"mrkdwn","text":"x"}}`), "must be one of: plain_text [json-pointer:/blocks/0/elements/0/text/type]"},
		{"url of 3000", actions(`{` + label + `,"url":"https://` + long(2992) + `"}`), ""},
		{"url of 3001", actions(`{` + label + `,"url":"https://` + long(2993) + `"}`), "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]"},
		{"no url", actions(`{` + label + `,"url":"see the wiki"}`), "must provide a valid url [json-pointer:/blocks/0/elements/0/url]"},
		{"value of 2001", actions(`{` + label + `,"value":"` + long(2001) + `"}`), "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"},
		{"style", actions(`{` + label + `,"style":"green"}`), "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"},
		{"action_id of 255", actions(`{` + label + `,"action_id":"` + long(255) + `"}`), ""},
		{"action_id of 256", actions(`{` + label + `,"action_id":"` + long(256) + `"}`), "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]"},
		{"action_id twice", actions(repeat(`{`+label+`,"action_id":"ack"}`, 2)), "`action_id` \"ack\" already exists [json-pointer:/blocks/0/elements/1/action_id]"},
		{"confirm", confirm(long(100), long(300), long(30)), ""},
		{"confirm title of 101", confirm(long(101), "x", "y"), "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]"},
		{"confirm text of 301", confirm("x", long(301), "y"), "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]"},
		{"confirm button of 31", confirm("x", "y", long(31)), "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]"},
		{"confirm that is none", actions(`{` + label + `,"confirm":true}`), "must provide an object [json-pointer:/blocks/0/elements/0/confirm]"},

		{"block_id of 255", `[{"type":"divider","block_id":"` + long(255) + `"}]`, ""},
		{"block_id of 256", `[{"type":"divider","block_id":"` + long(256) + `"}]`, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"},
		{"block_id twice", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "`block_id` \"a\" already exists [json-pointer:/blocks/1/block_id]"},
		{"block_id in a button", actions(`{` + label + `,"block_id":"a"}`), "invalid additional property: block_id [json-pointer:/blocks/0/elements/0]"},

		{"image", `[{"type":"image",` + image + `,"title":{"type":"plain_text","text":"x"}}]`, ""},
		{"image without alt_text", `[{"type":"image","image_url":"https://example.com/i.png"}]`, "missing required field: alt_text [json-pointer:/blocks/0]"},
		{"markdown of 12000", `[{"type":"markdown","text":"` + long(12_000) + `"}]`, ""},
		{"markdown of 12001 in two", `[{"type":"markdown","text":"` + long(6000) + `"},{"type":"markdown","text":"` + long(6001) + `"}]`, "must be less than 12001 characters with all other markdown blocks [json-pointer:/blocks/1/text]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, bad := checkBlocks(tt.blocks)
			if tt.want == "" {
				if bad != nil {
					t.Fatalf("refused: %+v", bad)
				}
				return
			}
			if bad == nil || bad.word != "invalid_blocks" || len(bad.messages) != 1 || bad.messages[0] != tt.want {
				t.Errorf("got %+v", bad)
			}
		})
	}
}

func TestSlackNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newTestSlack(newClock(), nil)
	a := s.testCall(t, "chat.postMessage", "channel", "C1", "blocks", `[{"type":"header"},{"type":"section"}]`)
	want := "[ERROR] must provide an object [json-pointer:/blocks/0/text]"
	if len(a.Errors) != 2 || a.Metadata == nil || len(a.Metadata.Messages) != 2 || a.Metadata.Messages[0] != want {
		t.Errorf("got %+v, %+v", a, a.Metadata)
	}
}

func FuzzCheckBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{"type":"button"}}]`)
	f.Add(`[{"type":"actions","elements":[{"type":"button","confirm":{}}]}]`)
	f.Add(`[{"type":"context","elements":[null,1,"x",{}]},{"type":"image"},{"type":"markdown","text":1}]`)
	f.Add(`[null,{"type":5}]`)
	f.Fuzz(func(t *testing.T, value string) {
		kept, bad := checkBlocks(value)
		if (kept == nil) == (bad == nil) {
			t.Fatal("the blocks are neither taken nor refused")
		}
		if bad == nil && (!json.Valid(kept) || utf8.RuneCount(kept) > maxBlocksLength) {
			t.Fatalf("took %s", kept)
		}
	})
}
