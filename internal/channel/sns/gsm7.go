package sns

import (
	"strings"
	"unicode"
)

// The GSM 7-bit default alphabet and its extension table, whose characters count two:
// 3GPP TS 23.038, https://www.etsi.org/deliver/etsi_ts/123000_123099/123038/
// Left out are the line breaks, since a text is one line, and the form feed.
const (
	basic = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = `^{}\[~]|€`
)

// septets is how many units of a text message a character takes.
var septets = func() map[rune]int {
	septets := map[rune]int{}
	for _, r := range basic {
		septets[r] = 1
	}
	for _, r := range extension {
		septets[r] = 2
	}
	return septets
}()

// substitutes are what is written for the characters that the alphabet lacks: after
// each, the characters that it stands for.
var substitutes = func() map[rune]string {
	substitutes := map[rune]string{}
	for _, row := range [][2]string{
		{"'", "‘’‚‛′´`ʼ"}, {`"`, "“”„‟″«»"}, {"<", "‹"}, {">", "›"},
		{"-", "‐‑‒–—―−"}, {"->", "→⇒➔➜"}, {"<-", "←⇐"}, {"<->", "↔"}, {"...", "…"}, {"*", "•·●∙"}, {"x", "×"},
		{"/", "÷⁄"}, {"TM", "™"}, {"(c)", "©"}, {"(R)", "®"}, {"deg", "°"}, {"1/2", "½"}, {"1/4", "¼"}, {"3/4", "¾"}, {"+-", "±"},
		{"A", "ÀÁÂÃĀĂĄ"}, {"a", "áâãāăąª"}, {"C", "ĆĈĊČ"}, {"c", "çćĉċč¢"}, {"D", "ĎĐÐ"}, {"d", "ďđð"},
		{"E", "ÈÊËĒĔĖĘĚ"}, {"e", "êëēĕėęě"}, {"G", "ĜĞĠĢ"}, {"g", "ĝğġģ"}, {"H", "ĤĦ"}, {"h", "ĥħ"},
		{"I", "ÌÍÎÏĨĪĬĮİ"}, {"i", "íîïĩīĭįı"}, {"J", "Ĵ"}, {"j", "ĵ"}, {"K", "Ķ"}, {"k", "ķĸ"},
		{"L", "ĹĻĽĿŁ"}, {"l", "ĺļľŀł"}, {"N", "ŃŅŇŊ"}, {"n", "ńņňŉŋ"}, {"O", "ÒÓÔÕŌŎŐ"}, {"o", "óôõōŏőº"},
		{"OE", "Œ"}, {"oe", "œ"}, {"R", "ŔŖŘ"}, {"r", "ŕŗř"}, {"S", "ŚŜŞŠȘ"}, {"s", "śŝşšș"}, {"SS", "ẞ"},
		{"T", "ŢŤŦȚ"}, {"t", "ţťŧț"}, {"Th", "Þ"}, {"th", "þ"}, {"U", "ÙÚÛŨŪŬŮŰŲ"}, {"u", "úûũūŭůűų"},
		{"W", "Ŵ"}, {"w", "ŵ"}, {"Y", "ÝŶŸ"}, {"y", "ýÿŷ"}, {"Z", "ŹŻŽ"}, {"z", "źżž"}, {"mu", "µμ"},
	} {
		for _, r := range row[1] {
			substitutes[r] = row[0]
		}
	}
	return substitutes
}()

// toGSM writes the text, which is one line, in the alphabet alone. Letters and digits
// that it has no likeness of become a question mark, as many as stand together, so
// that something is seen to be missing; accents on their own, emoji and other signs
// are left out.
func toGSM(s string) string {
	var b strings.Builder
	missing := false
	for _, r := range s {
		wasMissing := missing
		missing = false
		switch substitute, known := substitutes[r]; {
		case septets[r] > 0:
			b.WriteRune(r)
		case known:
			b.WriteString(substitute)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if missing = true; !wasMissing {
				b.WriteByte('?')
			}
		case unicode.Is(unicode.M, r):
			missing = wasMissing
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// length counts the units that the text takes, which is in the alphabet alone.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += septets[r]
	}
	return n
}

// dots mark a cut; the ellipsis is not in the alphabet.
const dots = "..."

// cut returns the text if it takes at most limit units, else its beginning with three
// dots. It cuts after a word, unless that would lose half of the text.
func cut(s string, limit int) string {
	if length(s) <= limit {
		return s
	}
	room, end := limit-len(dots), 0
	for i, r := range s {
		if room -= septets[r]; room < 0 {
			end = i
			break
		}
	}
	kept := s[:end]
	if blank := strings.LastIndexByte(s[:end+1], ' '); blank > end/2 {
		kept = kept[:blank]
	}
	return strings.TrimRight(kept, " .,:;-") + dots
}
