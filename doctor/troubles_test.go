package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

type trouble struct {
	name   string
	camera bool
	unix   bool
	make   func(p *place)
	want   []string // beginnings of all notes and faults
}

func troubles() []trouble {
	return append(append(bookTroubles(), machineTroubles()...), viewTroubles()...)
}

func bookTroubles() []trouble {
	return []trouble{
		{"settings damaged", false, false, func(p *place) { p.write("daybook.json", "{") }, []string{"wrong settings: "}},
		{"settings of a newer version", false, false, func(p *place) { p.write("daybook.json", `{"format":9}`) }, []string{"wrong settings: "}},
		{"no settings", false, false, func(p *place) { try(p.t, os.Remove(p.file("daybook.json"))) }, []string{
			"wrong settings: there are days, and no daybook.json",
		}},
		{"an unknown view", true, false, func(p *place) {
			p.write("daybook.json", `{"format":1,"zone":"UTC","rules":"none","views":["later"],"write":"append"}`)
		}, []string{`note settings: the view "later"`}},
		{"a damaged line", false, false, func(p *place) {
			p.write("2025-11-08/events.json", p.read("2025-11-08/events.json")+"{\"torn\n")
		}, []string{"wrong days: 1 finding in 2025-11-08, the first one: ", "note ledger: 7 bytes of 1 day not posted yet"}},
		{"an unfinished line", false, false, func(p *place) {
			p.write("2025-11-05/events.json", p.read("2025-11-05/events.json")+`{"event_id":`)
		}, []string{"note days: the last line of 2025-11-05 is unfinished"}},
		{"a lost end", true, false, func(p *place) {
			text := p.read("2025-11-05/events.json")
			try(p.t, os.Truncate(p.file("2025-11-05/events.json"), int64(len(text)/2)))
		}, []string{"note days: the last line of 2025-11-05", "wrong days: 1 finding in 2025-11-05, the first one: "}},
		{"quarantine", false, false, func(p *place) { p.write("2025-11-05/quarantine/000000000052-75d4b3e0.raw", "x") }, []string{
			"note quarantine: 1 piece of damaged lines, the latest first: 2025-11-05/quarantine/000000000052-75d4b3e0.raw",
		}},
		{"a copy of a day", false, false, func(p *place) { p.write("2025-11-05/events.sync-conflict-20251108-101010-ABC.json", "x") }, []string{
			"wrong files: a sync program has made a copy of a day: 2025-11-05/events.sync-conflict-20251108-101010-ABC.json",
		}},
		{"a copy of a document", false, false, func(p *place) { p.write("session_2025-11-05 (Ada's conflicted copy 2025-11-08).json", "x") }, []string{
			"note files: a sync program has made a copy: session_2025-11-05 (Ada's",
		}},
		{"a copy of a document, numbered", false, false, func(p *place) { p.write("session_2025-11-05 2.json", "x") }, []string{
			"note files: a sync program has made a copy: session_2025-11-05 2.json",
		}},
		{"a copy of a day's directory", false, false, func(p *place) { p.write("2025-11-05 2/events.json", "x") }, []string{
			"wrong files: a sync program has made a copy of a day's directory: 2025-11-05 2",
		}},
		{"a copy of a board that is evicted", false, false, func(p *place) {
			try(p.t, os.Rename(p.file("../a.canvas"), p.file("../a.canvas.nextcloud")))
		}, []string{"note boards: a sync client keeps the content of 1 board on its server only: a.canvas"}},
		{"kept aside", false, false, func(p *place) { p.write("session_2025-11-05.json.kept-0123", "x") }, []string{"note files: 1 file kept aside: session_2025-11-05.json.kept-0123"}},
		{"left by a crash", false, false, func(p *place) { p.write("metadata.json.0123abcd.daybook-tmp", "x") }, []string{"note files: 1 temporary file left by a crash: metadata.json"}},
		{"retired days", false, false, func(p *place) { p.retire("2025-11-05", "2025-11-07") }, nil},
		{"a retired day that got a late event", true, false, func(p *place) {
			p.retire("2025-11-07")
			p.append("2025-11-07", "late", "1")
		}, nil},
		{"a big day", true, false, func(p *place) { p.fill("2025-11-01", 11) }, []string{
			"note size: 2025-11-01 has 11 MB, over 10 MB",
		}},
		{"big days", true, false, func(p *place) {
			p.fill("2025-11-01", 11)
			p.fill("2025-11-03", 13)
		}, []string{"note size: 2 days have over 10 MB; 2025-11-03 has most, 13 MB"}},
		{"a big day of a vault", false, false, func(p *place) { p.write("session_2025-11-05.json", strings.Repeat(" ", 11e6)) }, []string{
			"wrong size: 2025-11-05 has 11 MB, over 10 MB",
		}},
		{"a big book", true, false, func(p *place) {
			for day := 10; day < 19; day++ {
				p.fill(fmt.Sprintf("2025-10-%d", day), 8)
			}
		}, []string{"note size: 13 plain days are 72 MB, over 70 MB"}},
	}
}

func machineTroubles() []trouble {
	space := func(s Space) func(p *place) {
		return func(p *place) { p.sys.Space = func(string) (Space, error) { return s, nil } }
	}
	granted := func(i Inotify) func(p *place) {
		return func(p *place) { p.sys.Inotify = func() (Inotify, bool) { return i, true } }
	}
	owner := func(which string, o Owner, root bool) func(p *place) {
		return func(p *place) {
			p.sys.Root = root
			p.sys.Owner = func(file string) (Owner, error) {
				if filepath.Base(file) == which {
					return o, nil
				}
				return Owner{"ada", true}, nil
			}
		}
	}
	return []trouble{
		{"the clock is set back", false, false, func(p *place) { p.now = func() time.Time { return now().AddDate(0, 0, -3) } }, []string{
			"wrong clock: the clock shows 2025-11-05 23:30 +01:00, and the newest event is of 2025-11-08 11:00 +01:00; 3 days lie in the future",
		}},
		{"another zone", false, false, func(p *place) { p.sys.Local = time.FixedZone("", 9*3600) }, []string{
			"note zone: the book's days are those of Europe/Berlin, where it is 23:30; here it is 07:30",
		}},
		{"another zone, a camera's book", true, false, func(p *place) { p.sys.Local = time.FixedZone("", 9*3600) }, nil},
		{"little room", false, false, space(Space{900e6, 100e9, 9e5, 1e6}), []string{"note space: the disk has 900 MB left, 1 %"}},
		{"no room", false, false, space(Space{90e6, 100e9, 9e5, 1e6}), []string{"wrong space: the disk is full but for 90 MB"}},
		{"few inodes", false, false, space(Space{50e9, 100e9, 2000, 1e6}), []string{"note space: the disk has room for 2000 more files, 0 %"}},
		{"no inodes", false, false, space(Space{50e9, 100e9, 3, 1e6}), []string{"wrong space: the disk has room for 3 more files only"}},
		{"no inodes counted", false, false, space(Space{50e9, 100e9, 0, 0}), nil},
		{"not to be written", false, false, func(p *place) {
			p.fs = &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
				if c.Op == "create" {
					return faultfs.Fault{Err: os.ErrPermission}
				}
				return faultfs.Fault{}
			}}
		}, []string{"wrong writing: the book cannot be written: "}},
		{"written, and failing", false, false, func(p *place) {
			p.fs = &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
				if c.Op == "write" {
					return faultfs.Fault{Err: errors.New("input/output error")}
				}
				return faultfs.Fault{}
			}}
		}, []string{"wrong writing: a file can be made in the book, and not be written: "}},
		{"no locks", false, false, func(p *place) { p.fs = lockless{durable.OS()} }, []string{
			"wrong writing: this file system honours no locks", "note watcher: nobody watches the vault",
		}},
		{"the disk's clock", false, false, func(p *place) { p.sys.Now = func() time.Time { return time.Now().Add(time.Hour) } }, []string{
			"wrong writing: the file system's clock is ",
		}},
		{"somebody else's file", false, false, owner("book.lock", Owner{"root", false}, false), []string{"wrong owner: not to be written by this user: book.lock (of root)"}},
		{"root's file", false, false, owner("book.lock", Owner{"root", true}, true), []string{"wrong owner: the book is of ada, who may not be able to write: book.lock (of root)"}},
		{"a share", false, false, func(p *place) { p.sys.FileSystem = func(string) (string, bool) { return "NFS", false } }, []string{"note file system: the book lies on NFS"}},
		{"a lock", false, true, func(p *place) {
			p.t.Cleanup(func(l *durable.Lock) func() { return func() { l.Close() } }(p.hold("book.lock")))
		}, []string{
			"wrong locks: book.lock has been held for over a second by process 7 (other)",
		}},
		{"a lock that all may hold", false, true, func(p *place) {
			try(p.t, os.Chmod(filepath.Join(p.dir, "book.turn"), 0o644))
		}, []string{
			"note locks: users who may not write the book can keep its writers out: they may read book.turn",
		}},
		{"nobody watches", false, false, func(p *place) { try(p.t, p.held[0].Close()) }, []string{"note watcher: nobody watches the vault"}},
		{"too few watches", false, false, granted(Inotify{Watches: 1, Instances: 1}), []string{"wrong watches: the vault has 2 folders, and the system grants 1 watches"}},
		{"few watches", false, false, granted(Inotify{Watches: 3, Instances: 1}), []string{"note watches: the vault needs 2 of the 3 watches"}},
		{"no instance", false, false, granted(Inotify{Watches: 9, Instances: 1, None: true}), []string{"wrong watches: this user has used up all 1 inotify instances"}},
		{"a short queue", false, false, granted(Inotify{Watches: 9, Instances: 1, Events: 16}), []string{"note watches: only 16 events may wait"}},
		{"no inotify", false, false, func(p *place) { p.sys.Inotify = func() (Inotify, bool) { return Inotify{}, false } }, nil},
	}
}

func viewTroubles() []trouble {
	return []trouble{
		{"a board that is none", false, false, func(p *place) { p.write("../a.canvas", "<<<<<<<") }, []string{"wrong boards: a.canvas is no board: line 1, column 1"}},
		{"an empty board", false, false, func(p *place) { p.write("../a.canvas", "") }, []string{"wrong boards: a.canvas is no board: "}},
		{"a copy of a board", false, false, func(p *place) { p.write("../a.sync-conflict-20251108-101010-ABC.canvas", "{}") }, []string{
			"note boards: a sync program has made a copy of a board: a.sync-conflict-20251108-101010-ABC.canvas",
		}},
		{"a new board", false, false, func(p *place) { p.write("../c.canvas", "{}") }, []string{"note boards: 1 board not yet recorded"}},
		{"a palette that is wrong", false, false, func(p *place) { p.write("palette.toml", "colors = 7") }, []string{"wrong palette: "}},
		{"a colour without a role", false, false, func(p *place) { p.append("2025-11-08", "x", "4") }, []string{
			`note palette: 1 card of 1 colour have no role in the palette "story"`, "note documents: the session document of 2025-11-08 is behind", "note ledger: 165 bytes of 1 day not posted yet",
		}},
		{"a changed document", false, false, func(p *place) {
			p.write("session_2025-11-08.json", strings.Replace(p.read("session_2025-11-08.json"), `"total_events": 1`, `"total_events": 2`, 1))
		}, []string{"note documents: another program has changed the session document of 2025-11-08: it will be made anew"}},
		{"a wrong document", false, false, func(p *place) {
			p.write("session_2025-11-08.json", strings.Replace(p.read("session_2025-11-08.json"), `"node_id":"n","old_color":""`, `"old_color":"","node_id":"n"`, 1))
			old := now().AddDate(0, 0, -1)
			try(p.t, os.Chtimes(p.file("session_2025-11-08.json"), old, old))
		}, []string{"wrong documents: the session document of 2025-11-08 is wrong: its events are not the book's"}},
		{"metadata.json damaged", false, false, func(p *place) { p.write("metadata.json", "{") }, []string{"wrong metadata: metadata.json: "}},
		{"metadata.json of something else", false, false, func(p *place) { p.write("metadata.json", "{}") }, []string{"wrong metadata: metadata.json: it names no current_session"}},
		{"no ledger", false, false, func(p *place) { try(p.t, os.Remove(p.file("ledger.db"))) }, []string{"note ledger: there is none yet"}},
		{"no ledger, and none wanted", true, false, func(*place) {}, nil},
		{"a ledger that is none", false, false, func(p *place) { p.write("ledger.db", "notes") }, []string{"wrong ledger: ledger.db: it is no SQLite database"}},
		{"a newer ledger", false, false, func(p *place) { p.alter("PRAGMA user_version = 99") }, []string{"wrong ledger: the ledger has version 99"}},
		{"a row that was changed", false, false, func(p *place) { p.alter("UPDATE events SET canvas_id = 'b' WHERE day = '2025-11-08'") }, []string{
			`wrong ledger: 2025-11-08: offset 0: events: the row has the canvas_id "b"`,
		}},
		{"figures of another palette", false, false, func(p *place) { p.alter("UPDATE days SET palette_sum = 1 WHERE day = '2025-11-08'") }, []string{
			"note ledger: 2025-11-08: the figures are of another palette",
		}},
	}
}
