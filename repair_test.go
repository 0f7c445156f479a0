package daybook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

// damagedDay is a day file and what a repair makes of it.
type damagedDay struct {
	name          string
	before, after string
	actions       string // what is done about each finding, in their order
}

func damagedDays() []damagedDay {
	a, b, c := lineOf("a"), lineOf("b"), lineOf("c")
	other := strings.Replace(a, `"n":1`, `"n":2`, 1)
	foreign := strings.Replace(a, `1999-11-08`, `1999-11-07`, 1)
	torn := a[:len(a)/2]
	nuls := strings.Repeat("\x00", 600)
	return []damagedDay{
		{"nothing", a + "\n" + b + "\n", a + "\n" + b + "\n", ""},
		{"empty", "", "", ""},
		{"torn line", a + "\n" + torn + "\n" + b + "\n", a + "\n" + b + "\n", "damaged quarantined"},
		{"only damage", torn + "\n", "", "damaged quarantined"},
		{"torn halves joined", torn + b[len(b)/2+3:] + "\n" + c + "\n", c + "\n", "damaged quarantined"},
		{"torn half before a whole event", torn + b + "\n" + c + "\n", c + "\n", "damaged quarantined"},
		{"spliced into valid JSON", a[:len(a)-1] + "," + b[1:] + "\n" + c + "\n", c + "\n", "damaged quarantined"},
		{"no UTF-8", a + "\n" + strings.Replace(b, `:1`, ":\"\xff\"", 1) + "\n", a + "\n", "damaged quarantined"},
		{"no event", a + "\n{}\n[1]\n\"x\"\n", a + "\n", "damaged quarantined, damaged quarantined"},
		{"no event_id", a + "\n" + `{"timestamp":"1999-11-08T14:32:15Z","n":1}` + "\n", a + "\n", "damaged quarantined"},
		{
			"empty lines", "\n" + a + "\n\n\r\n \n" + b + "\n\n", a + "\n" + b + "\n",
			"damaged quarantined, damaged quarantined, damaged quarantined",
		},
		{"line of NULs", a + "\n" + nuls + "\n" + b + "\n", a + "\n" + b + "\n", "damaged quarantined"},
		{"NULs before an event", a + "\n" + nuls + b + "\n", a + "\n" + b + "\n", "damaged freed"},
		{"NULs behind an event", a + nuls + "\n" + b + "\n", a + "\n" + b + "\n", "damaged freed"},
		{"NULs between events", a + nuls + b + nuls + c + "\n", a + "\n" + b + "\n" + c + "\n", "damaged freed"},
		{"NULs within an event", a[:30] + nuls + a[30:] + "\n" + b + "\n", b + "\n", "damaged quarantined"},
		{"torn, NULs, an event", torn + nuls + b + "\n" + c + "\n", b + "\n" + c + "\n", "damaged freed"},
		{"an event, NULs, torn", a + nuls + torn + "\n" + c + "\n", a + "\n" + c + "\n", "damaged freed"},
		{"glued", a + b + " " + c + "\n", a + "\n" + b + "\n" + c + "\n", "damaged freed"},
		{"glued with a torn one", a + torn + "\n" + c + "\n", a + "\n" + c + "\n", "damaged freed"},
		{"an event in an event", `{"event_id":"x","orig":` + a + "\n" + c + "\n", c + "\n", "damaged quarantined"},
		{"byte order mark", "\ufeff" + a + "\n" + b + "\n", a + "\n" + b + "\n", "damaged freed"},
		{"byte order mark in the middle", a + "\n\ufeff" + b + "\n", a + "\n" + b + "\n", "damaged freed"},
		{"byte order mark before an event that is there", a + "\n\ufeff" + a + "\n", a + "\n", "damaged quarantined"},
		{"CRLF", a + "\r\n" + b + "\r\n", a + "\r\n" + b + "\r\n", ""},
		{"CRLF and a torn line", a + "\r\n" + torn + "\r\n" + b + "\r\n", a + "\r\n" + b + "\r\n", "damaged quarantined"},
		{"white space", " { " + a[1:] + " \n", " { " + a[1:] + " \n", ""},
		{"twice", a + "\n" + b + "\n" + a + "\n" + c + "\n", a + "\n" + b + "\n" + c + "\n", "twice quarantined"},
		{"three times", strings.Repeat(a+"\n", 3), a + "\n", "twice quarantined, twice quarantined"},
		{"twice, spelled otherwise", a + "\n" + b + "\n" + a + "\r\n", a + "\n" + b + "\n", "twice quarantined"},
		{"twice, once among NULs", nuls + a + "\n" + b + "\n" + a + "\n", a + "\n" + b + "\n", "damaged freed, twice quarantined"},
		{"conflict", a + "\n" + other + "\n", a + "\n" + other + "\n", "conflict left"},
		{
			"conflict, and each twice", a + "\n" + other + "\n" + a + "\n" + other + "\n", a + "\n" + other + "\n",
			"conflict left, twice quarantined, twice quarantined",
		},
		{"conflict, glued", a + other + "\n", a + "\n" + other + "\n", "damaged freed, conflict left"},
		{"wrong day", foreign + "\n" + torn + "\n", foreign + "\n", "wrong_day left, damaged quarantined"},
		{"unfinished", a + "\n" + torn, a + "\n", "unfinished quarantined"},
		{"unfinished after damage", torn + "\n" + a + "\n" + nuls, a + "\n", "damaged quarantined, unfinished quarantined"},
		{"only its newline is missing", a + "\n" + b, a + "\n" + b + "\n", "unfinished completed"},
		{"no event, its newline is missing", a + "\n{}", a + "\n", "damaged quarantined, unfinished completed"},
	}
}

// whole is the file before with its last line's newline, if that is all that the line lacked.
func (c damagedDay) whole(before string) string {
	if strings.Contains(c.actions, "completed") {
		before += "\n"
	}
	return before
}

// repairAll repairs the book and returns what was done, as in damagedDay.
func repairAll(b *Book) (actions string, list []Repaired, err error) {
	var words []string
	for r, err := range b.Repair(context.Background(), Query{}) {
		if err != nil {
			return strings.Join(words, ", "), list, err
		}
		if r.Problem == ProblemUnreadable {
			return strings.Join(words, ", "), list, errors.New(r.Reason)
		}
		words = append(words, fmt.Sprint(r.Problem, " ", r.Action))
		list = append(list, r)
	}
	return strings.Join(words, ", "), list, nil
}

// pieces returns the raw bytes in quarantine by their offset, and checks the notes beside them.
func pieces(t *testing.T, dir string) map[int64]string {
	t.Helper()
	all := make(map[int64]string)
	names, err := filepath.Glob(filepath.Join(dir, testDay, "quarantine", "*.raw"))
	try(t, err)
	for _, name := range names {
		raw, err := os.ReadFile(name)
		try(t, err)
		data, err := os.ReadFile(strings.TrimSuffix(name, "raw") + "json")
		if errors.Is(err, os.ErrNotExist) {
			continue // a crash came between the two
		}
		try(t, err)
		var note struct {
			File, Reason   string
			Offset, Length int64
		}
		try(t, json.Unmarshal(data, &note))
		if note.Length != int64(len(raw)) || note.Reason == "" || note.File != "events.json" {
			t.Errorf("%s: got note %s for %d bytes", name, data, len(raw))
		}
		all[note.Offset] = string(raw)
	}
	return all
}

// checkAccounts holds that no byte is discarded (promise 7): the pieces in quarantine stood in the file before at
// their offsets, and what is left of it is the file after, but for newlines that have come to it. A piece that still stands in the
// file counts for nothing.
func checkAccounts(t *testing.T, dir, before, after string) {
	t.Helper()
	if before == after {
		return
	}
	quarantined := pieces(t, dir)
	var left strings.Builder
	for at := 0; at < len(before); {
		piece, cut := quarantined[int64(at)]
		if !cut {
			left.WriteByte(before[at])
			at++
			continue
		}
		if !strings.HasPrefix(before[at:], piece) {
			t.Fatalf("quarantine has %q for offset %d, where %q stood", piece, at, before[at:])
		}
		at += len(piece)
	}
	flat := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
	if flat(left.String()) != flat(after) || strings.Count(after, "\n") < strings.Count(left.String(), "\n") {
		t.Errorf("the day file had\n%q\nwithout what is in quarantine that leaves\n%q\nbut it is\n%q", before, left.String(), after)
	}
}

// findings are what Verify says.
func findings(t *testing.T, b *Book) []Finding {
	t.Helper()
	var list []Finding
	for f, err := range b.Verify(t.Context(), Query{}) {
		try(t, err)
		list = append(list, f)
	}
	return list
}

// TestRepair holds promises 7 and 11 for each kind of damage: what is mended, what is left, that all bytes are there still,
// that the plan says what is done, and that a second repair does nothing.
func TestRepair(t *testing.T) {
	for _, settings := range []*Settings{nil, {Write: WriteReplace}} {
		for _, c := range damagedDays() {
			t.Run(fmt.Sprint(c.name, " replace=", settings != nil), func(t *testing.T) {
				dir := killtest.TempDir(t)
				book := open(t, dir, &Options{Settings: settings})
				name := writeDay(t, dir, c.before)
				var plan []string
				for r, err := range book.RepairPlan(t.Context(), Query{}) {
					try(t, err)
					plan = append(plan, fmt.Sprint(r.Problem, " ", r.Action))
				}
				if got := dayFile(t, dir, testDay); got != c.before {
					t.Fatalf("the plan has changed the file: %q", got)
				}
				actions, list, err := repairAll(book)
				if err != nil || actions != c.actions {
					t.Errorf("repair: got %s, %v, want %s", actions, err, c.actions)
				}
				if got := strings.Join(plan, ", "); got != c.actions && c.name != "no event, its newline is missing" {
					t.Errorf("plan: got %s, want %s", got, c.actions)
				}
				if got := dayFile(t, dir, testDay); got != c.after {
					t.Errorf("day file\n got %q\nwant %q", got, c.after)
				}
				checkAccounts(t, dir, c.whole(c.before), c.after)
				checkKept(t, c.whole(c.before), list)
				if c.before != c.after && !strings.Contains(c.actions, "unfinished") {
					checkMark(t, name, c.after)
				}
				checkRepaired(t, dir, book, c)
				checkNoTemp(t, dir)
			})
		}
	}
}

// checkKept holds that what is said to be kept is.
func checkKept(t *testing.T, before string, list []Repaired) {
	t.Helper()
	for _, r := range list {
		var kept string
		for _, name := range r.Kept {
			raw, err := os.ReadFile(name)
			try(t, err)
			kept += string(raw)
		}
		if r.Action == ActionQuarantine && !strings.Contains(kept, before[r.Offset:r.Offset+r.Length]) {
			t.Errorf("%v: kept %q", r, kept)
		}
		if r.Action == ActionLeave && kept != "" {
			t.Errorf("%v: kept %q, want nothing", r, kept)
		}
	}
}

// checkRepaired holds that a repaired day has only what is left, stays as it is when repaired again, and takes events.
func checkRepaired(t *testing.T, dir string, book *Book, c damagedDay) {
	t.Helper()
	for _, f := range findings(t, book) {
		if f.Problem != ProblemConflict && f.Problem != ProblemWrongDay {
			t.Errorf("after the repair: %v", f)
		}
	}
	quarantined := pieces(t, dir)
	if actions, _, err := repairAll(book); err != nil || strings.Count(actions, "left") != strings.Count(actions, ",")+1 && actions != "" {
		t.Errorf("second repair: got %s, %v, want nothing to do", actions, err)
	}
	if got := dayFile(t, dir, testDay); got != c.after || fmt.Sprint(pieces(t, dir)) != fmt.Sprint(quarantined) {
		t.Errorf("second repair: day file %q, quarantine %v", got, pieces(t, dir))
	}
	if pos := mustAppend(t, book, lineOf("next")); pos.Duplicate || pos.Offset != int64(len(c.after)) {
		t.Errorf("append after the repair: got %+v, want offset %d", pos, len(c.after))
	}
	if first, _, _ := strings.Cut(c.after, "\n"); strings.HasPrefix(first, lineOf("a")) {
		if pos := mustAppend(t, book, lineOf("a")); !pos.Duplicate || pos.Offset != 0 {
			t.Errorf("append of what is there: got %+v, want a duplicate", pos)
		}
	}
}

// TestRepairMeetsForeignWriter: what a program without the lock writes while the day is copied is not lost; the repair begins
// again.
func TestRepairMeetsForeignWriter(t *testing.T) {
	dir := killtest.TempDir(t)
	name := writeDay(t, dir, lineOf("a")+"\n{\n"+lineOf("b")+"\n")
	b, fs := openFaulty(t, dir, nil)
	met := 0
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if strings.HasPrefix(c.String(), "sync events.json.") && met == 0 { // of the copy, before the lock is taken
			met++
			try(t, os.WriteFile(name, []byte(lineOf("A")+"\n{\n"+lineOf("b")+"\n"), 0o644)) // in place, ends as before
		}
		return faultfs.Fault{}
	}
	if actions, _, err := repairAll(b); err != nil || actions != "damaged quarantined" || met != 1 {
		t.Errorf("got %s, %v", actions, err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("A")+"\n"+lineOf("b")+"\n"; got != want {
		t.Errorf("day file\n got %q\nwant %q", got, want)
	}
}

// TestRepairRefused: a lock that is held, an ended context and a closed book leave the day as it was.
func TestRepairRefused(t *testing.T) {
	dir := killtest.TempDir(t)
	before := lineOf("a") + "\n{\n"
	writeDay(t, dir, before)
	book := open(t, dir, &Options{LockTimeout: time.Millisecond})
	other := open(t, dir, nil)
	release, err := other.writer.exclude(t.Context())
	try(t, err)
	if _, _, err := repairAll(book); !errors.Is(err, ErrLocked) {
		t.Errorf("the lock is held: got %v, want ErrLocked", err)
	}
	release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range book.Repair(ctx, Query{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the context has ended: got %v", err)
		}
	}
	closed, err := Open(dir, nil)
	try(t, err)
	try(t, closed.Close())
	if _, _, err := repairAll(closed); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: got %v, want ErrClosed", err)
	}
	fs := &faultfs.FS{Under: durable.OS()}
	full, err := OpenOn(fs, dir, nil)
	try(t, err)
	t.Cleanup(func() { full.Close() })
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op == "write" && strings.Contains(c.Name, ".raw") {
			return faultfs.Fault{Err: faultfs.ENOSPC}
		}
		return faultfs.Fault{}
	}
	if _, _, err := repairAll(full); !IsFull(err) {
		t.Errorf("no room: got %v", err)
	}
	if got := dayFile(t, dir, testDay); got != before {
		t.Errorf("day file: got %q", got)
	}
	checkNoTemp(t, dir)
}

// TestRepairHugeLine: a damaged line that no memory is to hold goes to quarantine piece by piece.
func TestRepairHugeLine(t *testing.T) {
	dir := killtest.TempDir(t)
	name := writeDay(t, dir, lineOf("a")+"\n")
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	try(t, err)
	const hole = 65 << 20
	at := int64(len(lineOf("a")) + 1)
	_, err = f.WriteAt([]byte("\n"+lineOf("b")+"\n"), at+hole)
	try(t, errors.Join(err, f.Close()))
	book := open(t, dir, nil)
	actions, list, err := repairAll(book)
	if err != nil || actions != "damaged quarantined" || len(list[0].Kept) != 1 {
		t.Fatalf("got %s, %v", actions, err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"+lineOf("b")+"\n"; got != want {
		t.Errorf("day file: got %d bytes, want %q", len(got), want)
	}
	if info, err := os.Stat(list[0].Kept[0]); err != nil || info.Size() != hole+1 {
		t.Errorf("quarantine: got %v, %v, want %d bytes", info, err, hole+1)
	}
}

// TestVerifyMeetsTheEndOfALine: an unfinished last line that somebody finishes, or cuts off, while it is read is nothing wrong.
func TestVerifyMeetsTheEndOfALine(t *testing.T) {
	for _, tail := range []string{lineOf("b"), lineOf("b")[:20], "\x00\x00"} {
		synctest.Test(t, func(t *testing.T) {
			dir := killtest.TempDir(t)
			b, fs := openFaulty(t, dir, nil)
			other := open(t, dir, nil)
			writeDay(t, dir, lineOf("a")+"\n"+tail)
			reads := 0
			fs.Fault = func(c faultfs.Call) faultfs.Fault {
				if c.String() == "read events.json" {
					if reads++; reads == 7 { // the day has been opened, and waited for
						mustAppend(t, other, lineOf("a longer one than before"))
					}
				}
				return faultfs.Fault{}
			}
			if list := findings(t, b); len(list) > 0 || reads < 7 {
				t.Errorf("tail %q: got %v after %d reads", tail, list, reads)
			}
		})
	}
}
