package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"daybook"
	"daybook/bench/event"
	"daybook/bench/peer"
)

// library is one set of events as each program reads it. It is made once in workDir and kept for later rounds.
type library struct {
	book   string // a book without views
	vault  string // a book with as many events of boards, and their session document; "" above maxVault events
	sqlite string // a database as peer.OpenSQLite makes it
}

// maxVault is the largest number of events for which a session document is made.
const maxVault = 200_000

// openLibrary makes the library of that many events, or returns the one that an earlier round has made.
func openLibrary(b *testing.B, events int) library {
	dir := filepath.Join(workDir(b), fmt.Sprint("library-", events))
	l := library{filepath.Join(dir, "book"), filepath.Join(dir, "vault", daybook.VaultDir), filepath.Join(dir, "events.db")}
	if events > maxVault {
		l.vault = ""
	}
	ready := filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return l
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	fillBook(b, l.book, event.Camera, events)
	if l.vault != "" {
		fillBook(b, l.vault, event.Board, events)
	}
	log, err := peer.OpenSQLite(l.sqlite, 0)
	if err != nil {
		b.Fatal(err)
	}
	made := make([]event.Event, events)
	for i := range made {
		made[i] = event.Make(event.Camera, i, usual)
	}
	if err := errors.Join(log.Fill(made), log.Close(), syncFileSystem(dir), os.WriteFile(ready, nil, 0o644)); err != nil {
		b.Fatal(err)
	}
	return l
}

// fillBook makes a book in dir and gives it events, by the program.
func fillBook(b *testing.B, dir string, shape event.Shape, events int) {
	daybook := program(b)
	if out, err := exec.Command(daybook, "init", "--book", dir, "--zone", "UTC").CombinedOutput(); err != nil {
		b.Fatalf("init: %v\n%s", err, out)
	}
	cmd := exec.Command(daybook, "append", "--book", dir)
	if _, err := appendLines(cmd, shape, events); err != nil {
		b.Fatal(err)
	}
}

// appendLines runs cmd with the lines of events on its standard input. It returns the most memory that the process had when
// it was given the last one. (The resource usage of an ended process also counts its parent's memory when it was started.)
func appendLines(cmd *exec.Cmd, shape event.Shape, events int) (peak int64, err error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(in, 1<<20)
	for i := range events {
		w.Write(event.Make(shape, i, usual).Line) // Flush returns the error
	}
	err = w.Flush()
	peak = memory(cmd.Process.Pid, "VmHWM:")
	if err := errors.Join(err, in.Close(), cmd.Wait()); err != nil {
		return 0, fmt.Errorf("daybook append: %w\n%s", err, said.Bytes())
	}
	return peak, nil
}

// BenchmarkImport runs `daybook append` with a file's worth of events, as a whole process, and reports the most memory it
// had.
func BenchmarkImport(b *testing.B) {
	events := 1_000_000
	if testing.Short() {
		events = 2000
	}
	b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
		daybook := program(b)
		for b.Loop() {
			cmd := exec.Command(daybook, "append", "--book", b.TempDir())
			peak, err := appendLines(cmd, event.Camera, events)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(peak), "RSS-bytes")
		}
	})
}

// BenchmarkRead runs whole processes that do one task over the same events in the system's cache. Those whose answers are
// given as numbers must give the same one.
func BenchmarkRead(b *testing.B) {
	for _, events := range []int{100_000, 1_000_000} {
		if testing.Short() {
			events /= 50
		}
		l := openLibrary(b, events)
		day := filepath.Join(l.book, event.Day, "events.json")
		special := fmt.Sprint(events / event.Special)
		const reduce = `reduce inputs as $e ({}; .n += 1 | .first //= $e.timestamp | .last = $e.timestamp)`
		daybook := program(b)
		for _, c := range []struct {
			task, name string
			want       string // the number of lines printed, or the number printed; "" is not compared
			args       []string
		}{
			{"filter", "grep", "=" + special, []string{"grep", "-c", `"run":"special"`, day}},
			{"filter", "daybook", special, []string{daybook, "query", "--book", l.book, "--where", "metadata.run=special"}},
			{"filter", "jq", special, []string{"jq", "-c", `select(.metadata.run == "special")`, day}},
			{"filter", "sqlite3", special, []string{
				"sqlite3", l.sqlite, `SELECT line FROM events WHERE json_extract(line, '$.metadata.run') = 'special'`,
			}},
			{"statistics", "wc", "", []string{"wc", "-l", day}},
			{"statistics", "daybook", "", []string{daybook, "stats", event.Day, "--book", l.book}},
			{"statistics", "daybook-document", "", []string{daybook, "stats", event.Day, "--book", l.vault}},
			{"statistics", "jq", "", []string{"jq", "-n", reduce, day}},
			{"statistics", "sqlite3", "", []string{"sqlite3", l.sqlite, `SELECT count(*), min(timestamp), max(timestamp) FROM events`}},
			{"scan", "cat", "", []string{"cat", day}},
			{"scan", "daybook-cat", "", []string{daybook, "cat", "--book", l.book}},
			{"scan", "daybook-verify", "", []string{daybook, "verify", "--book", l.book}},
			{"scan", "jq", "", []string{"jq", "-c", ".", day}},
			{"scan", "sqlite3", "", []string{"sqlite3", l.sqlite, "SELECT line FROM events"}},
		} {
			if l.vault == "" && c.task != "filter" {
				continue
			}
			b.Run(fmt.Sprintf("task=%s/events=%d/program=%s", c.task, events, c.name), func(b *testing.B) {
				if _, err := exec.LookPath(c.args[0]); err != nil {
					b.Skipf("%s is not installed", c.args[0])
				}
				for b.Loop() {
					out, err := exec.Command(c.args[0], c.args[1:]...).Output()
					if err != nil {
						b.Fatal(err)
					}
					want, printed := strings.CutPrefix(c.want, "=")
					got := fmt.Sprint(bytes.Count(out, []byte("\n")))
					if printed {
						got = strings.TrimSpace(string(out))
					}
					if want != "" && got != want {
						b.Fatalf("%s found %s events, want %s", c.args[0], got, want)
					}
				}
			})
		}
	}
}

// program returns the daybook that is measured: BENCH_DAYBOOK, or else the one built from the module above.
func program(b *testing.B) string {
	if name := os.Getenv("BENCH_DAYBOOK"); name != "" {
		return name
	}
	name := filepath.Join(workDir(b), "daybook")
	if _, err := os.Stat(name); err == nil {
		return name
	}
	build := exec.Command("go", "build", "-o", name, "./cmd/daybook")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build daybook: %v\n%s", err, out)
	}
	return name
}

// workDir returns the directory for what is made once: BENCH_DIR, which the rounds of a run share, or else a temporary one.
func workDir(b *testing.B) string {
	if dir := os.Getenv("BENCH_DIR"); dir != "" {
		return dir
	}
	dir := b.TempDir() // removed after the benchmark
	b.Setenv("BENCH_DIR", dir)
	return dir
}

// memory returns a figure of a running process, in bytes; 0 if there is none (any more).
func memory(pid int, name string) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			var kib int64
			if _, err := fmt.Sscan(value, &kib); err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
