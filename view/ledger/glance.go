package ledger

import (
	"database/sql/driver"
	"path/filepath"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// glance is what a day's file looked like from outside when all of it was known to be durable and posted. While it looks like
// that nothing has come to it: an append changes its size, and whoever puts another file in its place, or writes over it, its
// number or its time. To look costs a tenth of what reading the commit mark does.
type glance struct {
	size, modified int64
	file           durable.FileID
}

// settled is for how long a file has to have been left alone before a glance counts: its time does not tell apart what is
// written within one tick of the file system's clock, which on FAT are two seconds.
const settled = 4 * time.Second

// glanceAt looks at a day's file. It is not ok if there is none, or none that can be told apart from a later one.
func glanceAt(b *daybook.Book, day daybook.Day) (g glance, ok bool) {
	info, err := b.FS().Stat(filepath.Join(b.Dir(), day.String(), "events.json"))
	if err != nil {
		return g, false
	}
	return glance{info.Size, info.ModTime, info.ID}, time.Since(time.Unix(0, info.ModTime)) > settled
}

// of reports whether the file is, by its size and number, the one of which all is posted that the cursor says.
func (g glance) of(k cursor) bool { return g.size == k.posted && g.file == k.file && k != cursor{} }

func readGlances(c *conn) (map[daybook.Day]glance, error) {
	seen := make(map[daybook.Day]glance)
	if v, err := c.value("PRAGMA user_version"); err != nil || v == int64(1) || v == int64(2) {
		return seen, err // that has none, and was opened only to be read
	}
	err := c.each("SELECT day, size, modified, device, inode FROM glances", nil, func(v []driver.Value) error {
		day, err := daybook.ParseDay(asText(v[0]))
		n := func(i int) int64 {
			n, _ := v[i].(int64)
			return n
		}
		seen[day] = glance{n(1), n(2), durable.FileID{Device: uint64(n(3)), Inode: uint64(n(4))}}
		return err
	})
	return seen, err
}

// fewGlances are not worth a transaction of their own.
const fewGlances = 8

// writeGlances writes down what files looked like of which all is posted.
func (v *View) writeGlances(c *conn) error {
	if len(v.glanced) == 0 {
		return nil
	}
	err := c.transaction(func() error {
		for day, g := range v.glanced {
			err := c.exec("INSERT OR REPLACE INTO glances VALUES (?,?,?,?,?)", day.String(), g.size, g.modified,
				int64(g.file.Device), int64(g.file.Inode))
			if err != nil {
				return err
			}
		}
		return v.at("glances")
	})
	if err != nil {
		return err
	}
	for day, g := range v.glanced {
		v.seen[day] = g
	}
	clear(v.glanced)
	return nil
}

// current reports whether the ledger is proven to have all of a day's file, and the file to have no damaged line.
func (f *finder) current(day daybook.Day) bool {
	k := f.cursors[day]
	if f.ledger == nil || k.damaged > 0 {
		return false
	}
	g, _ := glanceAt(f.book, day)
	if !g.of(k) {
		return false
	}
	if f.seen[day] == g {
		return true
	}
	x, err := f.book.Durable(day)
	return err == nil && x.Size == k.posted && x.Sum == k.sum && x.File == k.file
}
