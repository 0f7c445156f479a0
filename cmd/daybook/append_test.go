package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testEnv is an env in an empty directory, with what it prints.
func testEnv(t *testing.T, stdin io.Reader) (e env, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	dir := t.TempDir()
	return env{
		stdin: stdin, stdout: stdout, stderr: stderr,
		getenv: func(name string) string { return map[string]string{"DAYBOOK_DIR": filepath.Join(dir, "book")}[name] },
		getwd:  func() (string, error) { return dir, nil },
		now:    time.Now,
	}, stdout, stderr
}

// A producer that sends one line and waits gets its answer at once, again and again, and when the program is
// interrupted while it waits for more, it says where it stopped.
func TestAppendAnswersAtOnce(t *testing.T) {
	in, send := io.Pipe()
	receive, out := io.Pipe()
	e, _, stderr := testEnv(t, in)
	e.stdout = out
	ctx, interrupt := context.WithCancel(t.Context())
	code := make(chan int)
	go func() { code <- run(ctx, e, []string{"append", "--json"}) }()
	answers := bufio.NewScanner(receive)
	for n := 1; n <= 3; n++ {
		fmt.Fprintf(send, "{\"event_id\":\"e%d\",\"timestamp\":\"2025-11-08T10:00:00Z\"}\n", n)
		if !answers.Scan() {
			t.Fatalf("line %d: no answer: %v", n, answers.Err())
		}
		want := fmt.Sprintf(`{"event_id":"e%d","status":"stored","day":"2025-11-08","line":%d}`, n, n)
		if got := answers.Text(); got != want {
			t.Errorf("line %d: answer %s, want %s", n, got, want)
		}
	}
	interrupt()
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit status %d, want %d", got, exitInterrupted)
	}
	want := "daybook: error: stopped before stdin:4: context canceled\n" +
		"daybook: hint: 3 lines stored; go on with line 4\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Errorf("stderr (-want +got):\n%s", diff)
	}
}

// The program as a process: a signal ends it with 130 although its input stays open.
func TestAppendSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("TestConsoleKeys does this on Windows, which has no signals")
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.Command("daybook", "append", "--json", "--book", t.TempDir())
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		io.WriteString(in, "{}\n") // a lost line shows below: no answer comes
		if !bufio.NewScanner(out).Scan() {
			t.Error("no answer")
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
			t.Errorf("%v: ended with %v, want exit status %d", sig, err, exitInterrupted)
		}
		want := "signal received\ndaybook: hint: 1 line stored; go on with line 2\n"
		if !strings.HasSuffix(stderr.String(), want) {
			t.Errorf("%v: stderr %q, want it to end with %q", sig, stderr.String(), want)
		}
	}
}

// What no text file of scripts can hold: bytes that are no UTF-8, deep nesting, lines over the limit.
func TestAppendRefusesBytes(t *testing.T) {
	const limit = 1 << 20
	fits := `{"event_id":"fits","timestamp":"2025-11-08T10:00:00Z","x":"`
	fits += strings.Repeat("x", limit-len(fits)-len(`"}`)) + `"}`
	in := strings.Join([]string{
		"{\"a\":\"\xff\"}",
		`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}",
		`{"a":"` + strings.Repeat("x", 3*limit) + `"}`,
		fits,
		strings.Replace(fits, "fits", "fits not", 1),
		`{"event_id":"last","timestamp":"2025-11-08T10:00:00Z"}`,
	}, "\n")
	e, stdout, stderr := testEnv(t, strings.NewReader(in))
	if got := run(t.Context(), e, []string{"append", "--json"}); got != exitFailed {
		t.Errorf("exit status %d, want %d", got, exitFailed)
	}
	type answer struct {
		Line    int
		EventID string `json:"event_id"`
		Status  string
	}
	var got []answer
	for dec := json.NewDecoder(stdout); dec.More(); {
		var a answer
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	want := []answer{
		{1, "", statusRejected},
		{2, "", statusRejected},
		{3, "", statusRejected},
		{4, "fits", statusStored},
		{5, "", statusRejected},
		{6, "last", statusStored},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if want := "daybook: error: 2 lines stored, 4 rejected\n"; !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("stderr %q, want it to begin with %q", stderr, want)
	}
}

// What Windows PowerShell's > writes is refused as a whole, with the remedy. What stood before it is in the book.
func TestAppendUTF16(t *testing.T) {
	in := utf16Bytes(binary.LittleEndian, "\ufeff{\"a\":1}\r\n{\"a\":2}\r\n")
	e, stdout, stderr := testEnv(t, bytes.NewReader(in))
	first := filepath.Join(t.TempDir(), "first.jsonl")
	if err := os.WriteFile(first, []byte("\ufeff{\"a\":1}\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run(t.Context(), e, []string{"append", first, "-", first}); got != exitFailed {
		t.Errorf("exit status %d, want %d", got, exitFailed)
	}
	want := "daybook: error: stopped before stdin:1: the input is UTF-16, not UTF-8\n" +
		"daybook: hint: 1 line stored; convert it: `Get-Content FILE | Set-Content -Encoding utf8 NEW` in PowerShell, " +
		"`iconv -f UTF-16 -t UTF-8` elsewhere\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" || stdout.Len() > 0 {
		t.Errorf("stdout %q, stderr (-want +got):\n%s", stdout, diff)
	}
}

// A byte order mark that is no byte of the text is named: nobody sees it.
func TestAppendInnerMark(t *testing.T) {
	e, _, stderr := testEnv(t, strings.NewReader("\ufeff{\"a\":1}\n\ufeff{\"a\":2}\n"))
	if got := run(t.Context(), e, []string{"append"}); got != exitFailed {
		t.Errorf("exit status %d, want %d", got, exitFailed)
	}
	want := "daybook: error: stdin:2: a byte order mark stands before the object: only the first line may have one\n" +
		"daybook: error: 1 line stored, 1 rejected\n"
	if !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("stderr %q, want it to begin with %q", stderr, want)
	}
}

// A line without end costs no memory.
func TestAppendEndlessLine(t *testing.T) {
	const size = 256 << 20
	e, _, stderr := testEnv(t, io.LimitReader(xs{}, size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got := run(t.Context(), e, []string{"append"}); got != exitFailed {
		t.Errorf("exit status %d, want %d", got, exitFailed)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > size/8 {
		t.Errorf("%d bytes allocated for a line of %d", n, size)
	}
	want := "daybook: error: stdin:1: the line has more than 1048576 bytes\n"
	if !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("stderr %q, want it to begin with %q", stderr, want)
	}
}

// xs is an endless run of x.
type xs struct{}

func (xs) Read(p []byte) (int, error) {
	n := copy(p, "x")
	for n < len(p) {
		n += copy(p[n:], p[:n])
	}
	return n, nil
}

// A reader of the output that has gone away is no error to talk about.
func TestClosedOutput(t *testing.T) {
	for _, args := range [][]string{{"append", "--json"}, {"cat"}, {"init"}, {"version"}} {
		e, _, stderr := testEnv(t, strings.NewReader("{\"a\":1}\n"))
		if got := run(t.Context(), e, []string{"append"}); got != exitDone {
			t.Fatalf("append: exit status %d, stderr %s", got, stderr)
		}
		e.stdin = strings.NewReader("{\"a\":1}\n")
		e.stdout = closedPipe{}
		if got := run(t.Context(), e, args); got != exitPipe || stderr.Len() > 0 {
			t.Errorf("%v: exit status %d, stderr %q, want %d and none", args, got, stderr, exitPipe)
		}
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}
