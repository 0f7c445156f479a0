package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"daybook"
	"daybook/internal/durable"
)

// ErrChanged is what Remove returns, wrapped, for a document that is not as it was when its day was last posted.
var ErrChanged = errors.New("another program has changed it just now")

// restsWithout reports whether a day needs no document, because it is retired: compressed, and no late event has come
// since; or among those that the book's settings have retired.
func restsWithout(b *daybook.Book, fsys durable.FS, day daybook.Day) bool {
	if r := b.Settings().Retire; r != nil && day.Compare(b.DayOf(b.Now()).Add(-r.AfterDays)) <= 0 {
		return true
	}
	dir := filepath.Join(b.Dir(), day.String())
	if _, err := fsys.Stat(filepath.Join(dir, "events.json.zst")); err != nil {
		return false
	}
	_, err := fsys.Stat(filepath.Join(dir, "events.json"))
	return errors.Is(err, fs.ErrNotExist)
}

// rests reports whether a day has no document, and needs none. The latest day always has one: what the next one begins
// with is found in it, and not by reading all of the book.
func (v *View) rests(day daybook.Day) bool {
	if day.Compare(v.last) >= 0 || len(v.kept[day]) > 0 || !restsWithout(v.book, v.fsys, day) {
		return false
	}
	_, err := v.fsys.Stat(documentPath(v.book, day))
	return errors.Is(err, fs.ErrNotExist)
}

// TakeIn compares the document of a day, if there is one, with the book as a whole, and has the book adopt what other
// programs have put into it, as Post does. Documents of other days are left alone if this one stays as it is. The Book
// must not be calling the View.
func (v *View) TakeIn(ctx context.Context, day daybook.Day) error {
	v.mu.Lock()
	b := v.book
	if b == nil {
		v.mu.Unlock()
		return errors.New("the session view is not open")
	}
	met, err := v.fsys.Stat(documentPath(b, day))
	if errors.Is(err, fs.ErrNotExist) {
		v.mu.Unlock()
		return nil
	}
	v.alone = day
	v.mu.Unlock()
	err = b.Post(ctx, day)
	v.mu.Lock()
	v.alone = daybook.Day{}
	same := v.left[day] == met
	v.mu.Unlock()
	if err == nil && !same { // then those of later days may have to follow
		err = b.Post(ctx, day)
	}
	return err
}

// Remove removes the document of a day that is retired, and its lock file. TakeIn has to have been called before: one
// that has changed since is not removed (ErrChanged), nor one that somebody has locked (durable.ErrLocked), that is a
// symbolic link, or is itself the latest of the book's: what a day begins with is found in the one before it. There
// being none, or only the latest, is no error; removed says whether there was one that has gone.
//
// Calls under the document's lock: stat document; remove document, remove lock. A crash leaves the document, or a lock file that no
// document needs.
func (v *View) Remove(ctx context.Context, day daybook.Day) (removed bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.book == nil {
		return false, errors.New("the session view is not open")
	}
	path := documentPath(v.book, day)
	if _, err := v.fsys.Stat(path); errors.Is(err, fs.ErrNotExist) && v.fsys.Resolve(path) == path {
		return false, nil
	}
	later, err := v.documentsAfter(day)
	if err != nil || len(later) == 0 {
		return false, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("remove %s: %w", path, err)
		}
	}()
	if v.fsys.Resolve(path) != path {
		return false, errors.New("it is a symbolic link: remove it, and what it leads to")
	}
	d := v.document(day)
	if err := d.lock.Acquire(ctx, v.timeout); err != nil {
		return false, err
	}
	defer func() {
		err = errors.Join(err, d.close())
		delete(v.docs, day)
	}()
	err = v.removeLocked(d)
	return err == nil, err
}

// removeLocked removes a document whose lock is held.
func (v *View) removeLocked(d *document) error {
	if err := v.pending[d.day]; err != nil {
		return err
	}
	for name, was := range v.kept[d.day] {
		if info, err := v.fsys.Stat(name); err == nil && info != was {
			return fmt.Errorf("%s: %w", name, ErrChanged)
		}
	}
	size, err := v.book.DaySize(d.day)
	if err != nil {
		return err
	}
	if p, ok := trailerOf(v.fsys, d.path); !ok || p.book < size {
		return ErrChanged
	}
	if err := d.wake(v.fsys); err != nil {
		return err
	}
	if err := d.lockFile(); err != nil { // who locks the document itself
		return err
	}
	if d.file != nil && v.fsys.Pins() {
		d.file.Close() // nothing was written; open, it could not be removed
		d.file = nil
	}
	if info, err := v.fsys.Stat(d.path); err != nil || info != v.left[d.day] {
		return errors.Join(err, ErrChanged)
	}
	if err := v.fsys.Remove(d.path); err != nil {
		return err
	}
	delete(v.left, d.day)
	delete(v.stale, d.day)
	// Held by us, so that nobody of ours goes by it any more: who waits for it finds that it has no name, and makes
	// another.
	_ = v.fsys.Remove(d.path + ".lock") // an empty file that is in nobody's way
	return nil
}
