package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// WatchedError tells who watches already. It wraps ErrWatched. The facts are zero if they could not be learned.
type WatchedError struct {
	Vault string    `json:"vault"` // the vault's directory
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// Error names the other watcher.
func (e *WatchedError) Error() string {
	if e.PID == 0 {
		return ErrWatched.Error()
	}
	return fmt.Sprintf("the vault %s is being watched already, by process %d on %s since %s",
		e.Vault, e.PID, e.Host, e.Since.Format(time.RFC3339))
}

// MarshalJSON spells Since by daybook.TimeLayout.
func (e WatchedError) MarshalJSON() ([]byte, error) {
	type note WatchedError // without this method
	return json.Marshal(struct {
		note
		Since string `json:"since"`
	}{note(e), e.Since.Format(daybook.TimeLayout)})
}

// Unwrap returns ErrWatched.
func (e *WatchedError) Unwrap() error { return ErrWatched }

// watchLock is the lock of a book's one watcher, with a note beside it that says who holds it: the lock file itself
// cannot, because Windows lets nobody else read a locked file.
type watchLock struct {
	fsys durable.FS
	lock *durable.Lock
	note string
	done bool
}

func takeWatchLock(fsys durable.FS, book Book, root string) (*watchLock, error) {
	l := &watchLock{
		fsys: fsys,
		lock: durable.NewLock(fsys, filepath.Join(book.Dir(), "watch.lock"), ""),
		note: filepath.Join(book.Dir(), "watch.json"),
	}
	err := l.lock.Acquire(context.Background(), 0)
	if errors.Is(err, durable.ErrLocked) {
		held := &WatchedError{}
		if data, rerr := durable.ReadFile(fsys, l.note); rerr == nil {
			if json.Unmarshal(data, held) != nil {
				held = &WatchedError{} // the note only helps people; without it the lock says enough
			}
		}
		return nil, errors.Join(held, l.lock.Close())
	}
	if err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	data, err := json.Marshal(WatchedError{Vault: root, Host: host, PID: os.Getpid(), Since: book.Now()})
	if err == nil {
		err = durable.Replace(fsys, l.note, append(data, '\n'))
	}
	if err != nil && !durable.IsFull(err) { // a full disk must not keep the watcher from waiting for room
		return nil, errors.Join(err, l.lock.Close())
	}
	return l, nil
}

// close removes the note and gives the lock back. A second call does nothing.
func (l *watchLock) close() error {
	if l.done {
		return nil
	}
	l.done = true
	err := l.fsys.Remove(l.note)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.lock.Close())
}
