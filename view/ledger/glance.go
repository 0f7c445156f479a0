package ledger

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// glance is what a day's files looked like from outside when all of the day was known to be durable and posted, and what
// that was. While they look like that nothing has come to them: an append changes a size, and whoever puts another file in
// the place of one, or writes over it, its number or its time. To look costs a tenth of what reading a commit mark does.
type glance struct {
	looks  string // "" is nothing
	posted int64
	sum    uint32
}

// fits reports whether it is a glance at all that a cursor stands for.
func (g glance) fits(looks string, k cursor) bool {
	return looks != "" && g == glance{looks, k.posted, k.sum}
}

// settled is for how long a file has to have been left alone before a glance counts: its time does not tell apart what is
// written within one tick of the file system's clock, which on FAT are two seconds.
const settled = 4 * time.Second

// dayLooks is a look at a day's files: the day file, and the one that it was packed into.
type dayLooks struct {
	plain, packed durable.Info // zero if there is none
	old           bool         // both have been left alone for long
}

func lookAt(b *daybook.Book, day daybook.Day) (l dayLooks, err error) {
	l.old = true
	for name, info := range map[string]*durable.Info{"events.json": &l.plain, "events.json.zst": &l.packed} {
		*info, err = b.FS().Stat(filepath.Join(b.Dir(), day.String(), name))
		if errors.Is(err, fs.ErrNotExist) {
			*info = durable.Info{}
			continue
		}
		if err != nil {
			return l, err
		}
		l.old = l.old && time.Since(time.Unix(0, info.ModTime)) > settled
	}
	return l, nil
}

func (l dayLooks) none() bool { return l.plain == durable.Info{} && l.packed == durable.Info{} }

// String tells looks apart; "" is that of no files.
func (l dayLooks) String() (text string) {
	for i, info := range [...]durable.Info{l.plain, l.packed} {
		if info != (durable.Info{}) {
			text += fmt.Sprintf("%d:%d,%d,%d,%d;", i, info.Size, info.ModTime, info.ID.Device, info.ID.Inode)
		}
	}
	return text
}

// holds reports whether a day holds no more than its extent.
func holds(b *daybook.Book, day daybook.Day, x daybook.Extent) bool {
	file, size, err := b.DayFile(day)
	return err == nil && file == x.File && size == x.Size
}

func readGlances(c *conn) (map[daybook.Day]glance, error) {
	seen := make(map[daybook.Day]glance)
	if v, err := c.value("PRAGMA user_version"); err != nil || v == int64(1) || v == int64(2) {
		return seen, err // that has none, and was opened only to be read
	}
	err := c.each("SELECT day, looks, posted, sum FROM glances", nil, func(v []driver.Value) error {
		day, err := c.day("glances", v[0])
		posted, _ := v[2].(int64)
		sum, _ := v[3].(int64)
		seen[day] = glance{asText(v[1]), posted, uint32(sum)}
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
			err := c.exec("INSERT OR REPLACE INTO glances VALUES (?,?,?,?)", day.String(), g.looks, g.posted, int64(g.sum))
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

// current reports whether the ledger is proven to have all of a day, and the day to have no damaged line.
func (f *finder) current(day daybook.Day) bool {
	k, posted := f.cursors[day]
	if f.ledger == nil || !posted || k.damaged > 0 {
		return false
	}
	l, err := lookAt(f.book, day)
	if err != nil {
		return false // who reads the day says what is wrong
	}
	if f.seen[day].fits(l.String(), k) {
		return true
	}
	x, err := f.book.Durable(day)
	return err == nil && x.Size == k.posted && x.Sum == k.sum && holds(f.book, day, x)
}
