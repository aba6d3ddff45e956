package standin

import "strings"

// The alphabet of an SMS, 3GPP TS 23.038: characters of one unit, and those behind an escape,
// of two.
const (
	gsm7Basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7Extension = "\f^{}\\[~]|€"
)

// GSM7 returns the length of text as an SMS, in units of 7 bits, a character of the extension
// (such as [ or €) counting two. When a character is outside the GSM-7 alphabet, ok is false,
// bad is the first such character (U+FFFD for a byte that is no UTF-8), and units counts those
// before it. One such character makes a carrier send the whole text in UCS-2, 70 characters a
// part instead of 160.
func GSM7(text string) (units int, bad rune, ok bool) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsm7Basic, r):
			units++
		case strings.ContainsRune(gsm7Extension, r):
			units += 2
		default:
			return units, r, false
		}
	}
	return units, 0, true
}
