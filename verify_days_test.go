package daybook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manyDays makes a book of days that have damaged lines: the first of each five very many, the others one.
func manyDays(t *testing.T) (b *Book, findings []string) {
	t.Helper()
	dir := t.TempDir()
	b = open(t, dir, nil)
	for day := 1; day <= 25; day++ {
		name, damaged := fmt.Sprintf("2025-11-%02d", day), 1
		if day%5 == 1 {
			damaged = 300
		}
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat("{garbage\n", damaged)
		if err := os.WriteFile(filepath.Join(dir, name, "events.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for line := range damaged {
			findings = append(findings, fmt.Sprint(name, ":", line+1))
		}
	}
	return b, findings
}

// TestVerifyDays: days are verified at once, and what is found comes in their order.
func TestVerifyDays(t *testing.T) {
	b, want := manyDays(t)
	var got []string
	for f, err := range b.Verify(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(f.Day, ":", f.Line))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestVerifyEndsEarly: who breaks off waits for nobody, and a context that ends is the last thing that is yielded.
func TestVerifyEndsEarly(t *testing.T) {
	b, want := manyDays(t)
	for range b.Verify(t.Context(), Query{}) {
		break
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	reason := errors.New("enough")
	var last error
	n := 0
	for _, err := range b.Verify(ctx, Query{}) {
		if n++; n == 2 {
			cancel(reason)
		}
		if last != nil {
			t.Errorf("something comes after the error %v", last)
		}
		last = err
	}
	if !errors.Is(last, reason) || n >= len(want) {
		t.Errorf("%d of %d findings, the last is the error %v; want %v, and less", n, len(want), last, reason)
	}
}
