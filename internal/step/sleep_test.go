package step

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestSleep ends with the context.
func TestSleep(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("over"))
	began := time.Now()
	Sleep(ctx, time.Minute)
	Sleep(t.Context(), time.Nanosecond)
	if time.Since(began) > 30*time.Second {
		t.Error("it slept on")
	}
}
