// Package page writes what came of events as one HTML file that stands alone: what each
// event was, the way that it took through the workflow, and what people were told of it,
// drawn as they see it, or why they were not told.
package page

import (
	"bytes"
	_ "embed" // for the template and the style
	"fmt"
	"html/template"
	"io"

	"fanfare/internal/local/play"
	"fanfare/statemachine"
)

// Page is what to write.
type Page struct {
	// Commit is the version of Fanfare that was played; empty when it is not known.
	Commit string
	// Events are shown in this order.
	Events []Event
}

// Event is one event that was played.
type Event struct {
	// Title says in a line what happens, such as "production: checkout 1.42.0 is live".
	Title string
	// Result is what came of it, its Document included.
	Result play.Result
}

//go:embed page.html.tmpl
var source string

//go:embed page.css
var style string

var parsed = template.Must(template.New("page").Parse(source))

// Write writes the page as HTML. It needs nothing from outside: no font, no script, no
// image. Whatever stands in the events is shown as text, and never becomes markup. The
// error is one of writing.
func Write(w io.Writer, p Page) error {
	data := struct {
		Commit  string
		Style   template.CSS
		Picture template.HTML
		Box     string
		Events  []view
	}{Commit: p.Commit, Style: template.CSS(style), Picture: template.HTML(statemachine.Picture), Box: box()}
	for i, event := range p.Events {
		data.Events = append(data.Events, viewOf(i+1, event))
	}
	// A page that breaks off is worse than none.
	var page bytes.Buffer
	if err := parsed.Execute(&page, data); err != nil {
		return fmt.Errorf("filling the page: %w", err)
	}
	if _, err := page.WriteTo(w); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
