package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"daybook"
	"daybook/internal/killtest"
)

// TestKilledFollower kills `daybook follow --json` between lines and in the midst of them, while events come to several days.
// Who goes on with the last token that it has read whole has each event once.
func TestKilledFollower(t *testing.T) {
	rng := killtest.Rand(t)
	const kills = 8
	dir := killtest.TempDir(t)
	book, err := daybook.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writing sync.WaitGroup
	defer writing.Wait()
	defer stop()
	given := 0
	writing.Go(func() {
		for ctx.Err() == nil {
			line := fmt.Sprintf(`{"event_id":"%d","timestamp":"1999-11-%02dT10:00:00Z","pad":%q}`, given, 1+given%3, strings.Repeat("x", given%3000))
			e, err := daybook.ParseEvent([]byte(line))
			if err == nil {
				_, err = book.Append(context.Background(), e)
			}
			if err != nil {
				t.Error(err)
				return
			}
			given++
		}
	})
	token := "start"
	seen := map[string]int{}
	for n := range kills + 1 {
		args := []string{"follow", "--json", "--book", dir, "--from", token}
		last := n == kills
		if last { // then what is left
			stop()
			writing.Wait()
			args = append(args, "--once")
		}
		cmd := exec.Command("daybook", args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		until := rng.IntN(60)
		lines := bufio.NewReaderSize(out, 16) // little is read that is not used
		for read := 0; last || read < until; read++ {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				break // what came of this line is nothing
			}
			var next struct {
				Token string
				Event struct {
					ID string `json:"event_id"`
				}
			}
			if err := json.Unmarshal(line, &next); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if token = next.Token; next.Event.ID != "" {
				seen[next.Event.ID]++
			}
		}
		if !last {
			_ = cmd.Process.Kill() // or it has ended
		}
		if err := cmd.Wait(); last && err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d events", kills, given)
	for n := range given {
		if got := seen[fmt.Sprint(n)]; got != 1 {
			t.Errorf("event %d came %d times", n, got)
		}
	}
	if len(seen) != given {
		t.Errorf("%d events came, %d were given", len(seen), given)
	}
}

// safeBuffer is written and read at once.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// following runs follow until what it has printed satisfies enough, then has a signal come.
func following(t *testing.T, dir string, enough func(out string) bool, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk safeBuffer
	e := osEnv()
	e.stdout, e.stderr = &out, &talk
	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	done := make(chan int, 1)
	go func() { done <- run(ctx, e, append([]string{"follow", "--book", dir}, args...)) }()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case code := <-done:
			return code, out.String(), talk.String()
		case <-tick.C:
			if enough(out.String()) {
				signal()
			}
		}
	}
}

func TestFollowEndsBySignal(t *testing.T) {
	dir := t.TempDir()
	book, err := daybook.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	const line = `{"event_id":"a","timestamp":"1999-11-07T10:00:00Z"}`
	e, err := daybook.ParseEvent([]byte(line))
	if err == nil {
		_, err = book.Append(t.Context(), e)
	}
	if err != nil {
		t.Fatal(err)
	}
	one := func(out string) bool { return strings.HasSuffix(out, "\n") }
	code, out, talk := following(t, dir, one, "--from", "start")
	if code != 0 || out != line+"\n" || !strings.HasPrefix(talk, "daybook: note: to go on from here: daybook follow --book "+dir+" --from f1") {
		t.Errorf("status %d, stdout %q, stderr %q", code, out, talk)
	}
	code, out, talk = following(t, dir, func(string) bool { return true }, "--json")
	if code != 0 || out != "" || talk != "" {
		t.Errorf("with nothing to print: status %d, stdout %q, stderr %q", code, out, talk)
	}
}
