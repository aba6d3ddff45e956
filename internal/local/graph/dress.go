package graph

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"fanfare/statemachine"
)

// element is one of an SVG file.
type element struct {
	XMLName  xml.Name
	Attr     []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

// kept are the attributes of Graphviz's that say what something is and where. What it
// looks like is the style's business.
var kept = []string{"id", "class", "d", "points", "cx", "cy", "rx", "ry", "x", "y", "text-anchor"}

// dress makes the picture of what Graphviz has laid out: the same shapes with our style,
// with a title for each state, and with the hash.
func dress(drawn []byte, m *statemachine.Machine) ([]byte, error) {
	var svg element
	if err := xml.Unmarshal(drawn, &svg); err != nil {
		return nil, fmt.Errorf("reading what Graphviz has drawn: %w", err)
	}
	box, err := boxOf(svg)
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	for _, s := range m.All() {
		titles[StateID(s.Name)] = title(s)
	}
	svg.clean(titles)
	inside, err := xml.MarshalIndent(svg.Children, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing the picture: %w", err)
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%g %g %g %g" width="%[3]g" height="%[4]g" role="img" aria-label="Fanfare's workflow">
<!-- `+"`make graph`"+` draws this from the definition beside it. %[5]s -->
<style>
%[6]s</style>
%[7]s
</svg>
`, box.x, box.y, box.width, box.height, Mark(m), style, inside), nil
}

// box is what the picture shows of the plane that Graphviz draws on.
type box struct{ x, y, width, height float64 }

// boxOf takes the shift that Graphviz puts around everything into the box instead, so
// that a page may show one element alone and where it belongs.
func boxOf(svg element) (box, error) {
	var b box
	size := strings.ReplaceAll(svg.attribute("width")+" "+svg.attribute("height"), "pt", "")
	if _, err := fmt.Sscan(size, &b.width, &b.height); err != nil {
		return b, fmt.Errorf("reading what Graphviz has drawn: a width and a height in pt expected: %w", err)
	}
	if len(svg.Children) != 1 {
		return b, fmt.Errorf("reading what Graphviz has drawn: one group expected, found %d", len(svg.Children))
	}
	if _, err := fmt.Sscanf(svg.Children[0].attribute("transform"), "scale(1 1) rotate(0) translate(%f %f)", &b.x, &b.y); err != nil {
		return b, fmt.Errorf("reading what Graphviz has drawn: a shift expected: %w", err)
	}
	b.x, b.y = -b.x, -b.y
	return b, nil
}

// clean leaves of an element and all inside it only what is kept.
func (e *element) clean(titles map[string]string) {
	e.XMLName.Space = ""
	small := e.attribute("font-size") == "9.00"
	title := titles[e.attribute("id")]
	var attributes []xml.Attr
	for _, a := range e.Attr {
		if !slices.Contains(kept, a.Name.Local) {
			continue
		}
		a.Name.Space = ""
		switch a.Name.Local {
		case "id":
		case "class":
			_, a.Value, _ = strings.Cut(a.Value, " ") // Graphviz's own word comes first
		default:
			a.Value = rounded(a.Value)
		}
		if a.Value != "" {
			attributes = append(attributes, a)
		}
	}
	if small && e.XMLName.Local == "text" {
		attributes = append(attributes, xml.Attr{Name: xml.Name{Local: "class"}, Value: "kind"})
	}
	e.Attr, e.Text = attributes, strings.TrimSpace(e.Text)
	e.Children = slices.DeleteFunc(e.Children, func(child element) bool { return child.XMLName.Local == "title" })
	for i := range e.Children {
		e.Children[i].clean(titles)
	}
	if title != "" {
		e.Children = slices.Insert(e.Children, 0, element{XMLName: xml.Name{Local: "title"}, Text: title})
	}
}

func (e *element) attribute(name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

var number = regexp.MustCompile(`-?\d+\.\d+`)

// rounded leaves every number one digit behind the point: a tenth of a pixel.
func rounded(s string) string {
	return number.ReplaceAllStringFunc(s, func(n string) string {
		f, err := strconv.ParseFloat(n, 64)
		if err != nil {
			return n
		}
		return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	})
}
