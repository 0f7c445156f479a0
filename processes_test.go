package daybook

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"daybook/internal/durable"
	"daybook/internal/killtest"
)

// TestMain lets the test program be a writer process: with a writerJob in DAYBOOK_TEST_WRITER.
func TestMain(m *testing.M) {
	if job := os.Getenv("DAYBOOK_TEST_WRITER"); job != "" {
		if err := writeAsProcess(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writerJob is what a writer process is to do: append the events of a source, and print each event_id when its append
// has returned.
type writerJob struct {
	Dir    string
	Source killtest.Source
	From   int
	Count  int // 0: more and more
	Batch  int // events for one AppendAll; 0 is 1
	Sync   Sync
	Aim    Aim
	Fault  string // one of planted, for tests of the tests
}

// program is the job as a Program, with COUNT events or until it is dead.
func (j writerJob) program() killtest.Program {
	return killtest.Program{Source: j.Source, Ends: j.Aim.At > 0, Command: func(from int) *exec.Cmd {
		j.From = from
		text, err := json.Marshal(j)
		if err != nil {
			panic(err) // nothing in it can fail
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "DAYBOOK_TEST_WRITER="+string(text), "GORACE=atexit_sleep_ms=0")
		return cmd
	}}
}

func writeAsProcess(text string) error {
	var j writerJob
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	fsys := durable.OS()
	if j.Fault != "" {
		fsys = faultyFS{fsys, j.Fault}
	}
	if j.Aim.At > 0 {
		fsys = &aimedFS{FS: fsys, aim: j.Aim}
	}
	b, err := OpenOn(fsys, j.Dir, &Options{Sync: j.Sync, LockTimeout: 20 * time.Second})
	if err != nil {
		return err
	}
	for n := j.From; j.Count == 0 || n < j.From+j.Count; n += max(1, j.Batch) {
		var events []Event
		for i := range max(1, j.Batch) {
			e, err := ParseEvent([]byte(j.Source.Line(n + i)))
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		if j.Fault == faultAck {
			fmt.Println(j.Source.ID(n))
		}
		var acks strings.Builder
		for i, v := range b.AppendAll(context.Background(), events) {
			if v.Err != nil {
				return v.Err
			}
			fmt.Fprintln(&acks, j.Source.ID(n+i))
		}
		if j.Fault == faultAck {
			continue
		}
		if _, err := fmt.Print(acks.String()); err != nil {
			return err
		}
	}
	return b.Close()
}

// processLine is long enough that a few of them cross a page.
func processLine(id string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"2025-11-08T14:32:15Z","pad":%q}`, id, strings.Repeat("x", 300))
}

// finish has a writer append to both days after the kills, and checks the book.
func finish(t *testing.T, b *killtest.Book) killtest.Found {
	t.Helper()
	b.Finish(t, writerJob{Dir: b.Dir, Source: killtest.Source{Name: "last", Size: 330}, Count: 16}.program())
	found, err := b.Check()
	if err != nil {
		t.Errorf("after %d kills: %v", b.Kills, err)
	}
	return found
}

func TestProcessesAtOnce(t *testing.T) {
	b := killtest.NewBook(t.TempDir())
	const processes, each = 4, 100
	var writers []*killtest.Process
	for i := range processes {
		source := killtest.Source{Name: fmt.Sprint("p", i), Size: 330}
		writers = append(writers, b.Start(t, writerJob{Dir: b.Dir, Source: source, Count: each}.program()))
	}
	for _, w := range writers {
		w.Wait()
	}
	found, err := b.Check()
	if err != nil || found.Events != processes*each || b.Acked() != found.Events {
		t.Errorf("got %v, %d acknowledged, want %d events: %v", found, b.Acked(), processes*each, err)
	}
}

// TestKilledWriters kills processes at random moments (promises 2, 5, 7 and 9): what they have acknowledged is there
// once, byte for byte, also what a restarted one has repeated; the next writer mends what they tore, keeps it in
// quarantine, and removes their temporary files. Half of the processes are killed from outside, the other half kill
// themselves while a call of the file system is under way: those are the kills that tear. DAYBOOK_TEST_KILLS is how
// many kills all such tests make together.
func TestKilledWriters(t *testing.T) {
	rng := killtest.Rand(t)
	small := killtest.Source{Size: 330}
	large := killtest.Source{Size: 300_000}
	torn := 0
	for _, c := range []struct {
		name  string
		write string
		job   writerJob
		kills int
	}{
		{"append none", WriteAppend, writerJob{Sync: SyncNone, Source: small}, 24},
		{"append none, a page each", WriteAppend, writerJob{Sync: SyncNone, Source: killtest.Source{Size: 5000}}, 18},
		{"append none, batches", WriteAppend, writerJob{Sync: SyncNone, Source: small, Batch: 200}, 18},
		{"append none, large", WriteAppend, writerJob{Sync: SyncNone, Source: large}, 12},
		{"append interval", WriteAppend, writerJob{Sync: SyncInterval, Source: small, Batch: 8}, 12},
		{"append always", WriteAppend, writerJob{Sync: SyncAlways, Source: small}, 18},
		{"replace", WriteReplace, writerJob{Sync: SyncAlways, Source: small}, 18},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newKilled(t, c.write)
			kills := killtest.Kills(c.kills)
			var found killtest.Found
			all := 0
			for all+b.Kills < kills {
				if b.Kills > 120 { // another book: each process reads the days that it begins with
					found = plus(found, finish(t, b))
					all += b.Kills
					b = newKilled(t, c.write)
				}
				var programs []killtest.Program
				for w := range 3 {
					j := c.job
					j.Dir = b.Dir
					j.Source.Name = fmt.Sprint("w", w)
					if rng.IntN(2) == 0 {
						j.Aim = aim(rng, j, rng.IntN(3) > 0)
					}
					programs = append(programs, j.program())
				}
				b.Round(t, rng, 20*time.Millisecond, programs...)
			}
			found = plus(found, finish(t, b))
			torn += found.Pieces
			t.Logf("%d kills: %v", all+b.Kills, found)
		})
	}
	if torn == 0 && runtime.GOOS == "linux" {
		t.Error("not one kill has torn a line: the test tests nothing")
	}
}

// aim draws a moment at which a writer kills itself: in one of the first calls, at a time that such a call may take.
func aim(rng *rand.Rand, j writerJob, data bool) Aim {
	bytes := j.Source.Size * max(1, j.Batch)
	return Aim{At: 1 + rng.IntN(max(8, min(60, 2_000_000/bytes))), Data: data, Within: time.Duration(rng.IntN(10_000 + bytes/3))}
}

func plus(a, b killtest.Found) killtest.Found {
	return killtest.Found{Events: a.Events + b.Events, Pieces: a.Pieces + b.Pieces, Tails: a.Tails + b.Tails}
}

func newKilled(t *testing.T, write string) *killtest.Book {
	t.Helper()
	b := killtest.NewBook(killtest.TempDir(t))
	open(t, b.Dir, &Options{Settings: &Settings{Write: cmp.Or(write, WriteAppend)}})
	return b
}

// TestKillsFindPlantedFaults: the harness sees what goes wrong when one of the things is taken away that it is there
// for.
func TestKillsFindPlantedFaults(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows holds locks and open files so that these faults are others there")
	}
	rng := killtest.Rand(t)
	for _, c := range planted() {
		t.Run(c.fault, func(t *testing.T) {
			kills := 0
			for kills < 600 {
				b := newKilled(t, c.write)
				b.Faulty = true
				var programs []killtest.Program
				for w := range 3 {
					j := c.job
					j.Dir, j.Fault, j.Source.Name = b.Dir, c.fault, fmt.Sprint("w", w)
					j.Aim = aim(rng, j, true)
					programs = append(programs, j.program())
				}
				b.Round(t, rng, 20*time.Millisecond, programs...)
				b.Round(t, rng, 20*time.Millisecond, programs...)
				last := killtest.Source{Name: "last", Size: 330}
				b.Finish(t, writerJob{Dir: b.Dir, Source: last, Count: 16, Sync: c.job.Sync, Fault: c.fault}.program())
				kills += b.Kills
				if _, err := b.Check(); err != nil {
					if !strings.Contains(err.Error(), c.want) {
						t.Errorf("found: %.1000v\nwant %q", err, c.want)
					}
					t.Logf("found after %d kills", kills)
					return
				}
			}
			t.Errorf("not found by %d kills", kills)
		})
	}
}
