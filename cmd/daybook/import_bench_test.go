package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkImport imports n lines, members, events of a document, or commits, and four times as many: that takes four times as
// long.
func BenchmarkImport(b *testing.B) {
	event := func(i int, rest string) string {
		return fmt.Sprintf(`{"event_id":"e%d","timestamp":"2025-11-06T10:%02d:%02dZ","canvas_id":"a.canvas","event_type":"node_moved","details":{}%s}`,
			i, i/60%60, i%60, rest)
	}
	repeat := func(n int, divider string, part func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = part(i)
		}
		return strings.Join(parts, divider)
	}
	for _, test := range []struct {
		name string
		args string
		n    int
		text func(n int) string
	}{
		{"jsonl lines", "jsonl", 5000, func(n int) string { return repeat(n, "\n", func(i int) string { return event(i, "") }) }},
		{"jsonl same lines", "jsonl", 5000, func(n int) string {
			return repeat(n, "\n", func(int) string { return `{"time":1762423200,"canvas_id":"a","event_type":"x","details":{}}` })
		}},
		{"jsonl members", "jsonl --time t", 20000, func(n int) string {
			return event(0, `,"t":1762423200,`+repeat(n, ",", func(i int) string { return fmt.Sprintf(`"original_timestamp_%d":1`, i) }))
		}},
		{"sessions events", "sessions", 5000, func(n int) string {
			return `{"session_id":"session_2025-11-06","events":[` + repeat(n, ",\n", func(i int) string { return event(i, "") }) + `]}`
		}},
		{"sessions same events", "sessions", 5000, func(n int) string {
			return `{"session_id":"session_2025-11-06","events":[` + repeat(n, ",", func(int) string {
				return `{"timestamp":"2025-11-06T10:00:00Z","canvas_id":"a","event_type":"x","details":{}}`
			}) + `]}`
		}},
		{"sessions torn", "sessions", 2000, func(n int) string {
			return `{"session_id":"session_2025-11-06","events":[` + repeat(n, ",\n", func(i int) string { return event(i, "") })
		}},
	} {
		for _, n := range []int{test.n, 4 * test.n} {
			b.Run(fmt.Sprintf("%s/n=%d", test.name, n), func(b *testing.B) {
				file := filepath.Join(b.TempDir(), "in.json")
				if err := os.WriteFile(file, []byte(test.text(n)), 0o644); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					var out strings.Builder
					dir := b.TempDir()
					e := env{
						stdin: strings.NewReader(""), stdout: io.Discard, stderr: &out, now: time.Now,
						getenv: func(string) string { return "" }, getwd: func() (string, error) { return dir, nil },
					}
					args := append(append([]string{"import"}, strings.Fields(test.args)...), file, "--book", filepath.Join(dir, "book"))
					if code := run(context.Background(), e, args); code != exitDone && !strings.HasSuffix(test.name, "torn") {
						b.Fatalf("%d: %s", code, out.String())
					}
				}
			})
		}
	}
}
