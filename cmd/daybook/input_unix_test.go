//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInputsEnd: whatever append and import read, they end when they are told to: pipes that nobody opens for writing, pipes
// that stay silent, devices without an end, lines without an end.
func TestInputsEnd(t *testing.T) {
	dir := t.TempDir()
	pipe, silent := filepath.Join(dir, "pipe.json"), filepath.Join(dir, "silent.json")
	for _, name := range []string{pipe, silent} {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writer, err := os.OpenFile(silent, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writer.Close() })
	never, stop := io.Pipe()
	t.Cleanup(func() { _ = stop.Close() })
	for _, args := range []string{
		"append " + pipe, "append " + silent, "append /dev/zero", "append -",
		"import jsonl " + pipe, "import jsonl " + silent, "import jsonl /dev/zero", "import jsonl -",
		"import sessions " + pipe, "import sessions " + silent,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			var out bytes.Buffer
			e := env{
				stdin: never, stdout: io.Discard, stderr: &out, now: time.Now,
				getenv: func(string) string { return "" }, getwd: func() (string, error) { return dir, nil },
			}
			ended := make(chan int, 1)
			go func() { ended <- run(ctx, e, append(strings.Fields(args), "--book", filepath.Join(t.TempDir(), "b"))) }()
			select {
			case code := <-ended:
				t.Fatalf("it ended by itself with %d: %s", code, out.String())
			case <-time.After(200 * time.Millisecond):
			}
			cancel()
			select {
			case code := <-ended:
				if code != exitInterrupted {
					t.Errorf("it ended with %d: %s", code, out.String())
				}
			case <-time.After(30 * time.Second):
				t.Error("it goes on")
			}
		})
	}
}
