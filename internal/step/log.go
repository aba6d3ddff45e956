package step

import (
	"context"
	"io"
	"log/slog"

	"fanfare/internal/deployment"
)

// aboutKey is where a context carries what an invocation is about.
type aboutKey struct{}

// about returns a context whose log lines all say which deployment they are about.
func about(ctx context.Context, event string, d deployment.Deployment) context.Context {
	attributes := []slog.Attr{slog.String("event", event), slog.String("deployment", d.ID)}
	if d.Pipeline != "" {
		attributes = append(attributes, slog.String("pipeline", d.Pipeline))
	} else {
		attributes = append(attributes, slog.String("service", d.Service))
	}
	return context.WithValue(ctx, aboutKey{}, attributes)
}

// logHandler writes JSON, and into each line what its context is about.
type logHandler struct{ slog.Handler }

func newLog(w io.Writer, step string) *slog.Logger {
	return slog.New(logHandler{slog.NewJSONHandler(w, nil)}).With("step", step)
}

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if attributes, ok := ctx.Value(aboutKey{}).([]slog.Attr); ok {
		r.AddAttrs(attributes...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attributes)}
}

// WithGroup implements slog.Handler. Lines in a group would hide what they are about.
func (h logHandler) WithGroup(string) slog.Handler { return h }
