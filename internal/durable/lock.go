package durable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"
)

// Lock is a lock that several processes, and several Locks of one process, share by a file of its own, which is made
// when missing, in a directory that must be there, and never removed. It serves one goroutine at a time.
//
// The operating system gives the lock back when its holder dies. With a turnstile (a second file) it is fair: who wants
// the lock first passes the turnstile, and the next in line waits in it, so that a writer that comes back at once does
// not overtake who waits already. Where many wait before the turnstile, chance decides among them: who comes back to the
// crowd stays away for a while, and who is near the limit tries more often.
type Lock struct {
	fsys       FS
	main, turn lockFile
	held       bool
	crowd      time.Duration // how long the turnstile was waited for the last time
}

type lockFile struct {
	name string
	file File
	id   FileID
	// missed counts the tries since the lock was had.
	missed int
}

// NewLock returns the lock of the file name, with the turnstile file turnstile, or without one if it is "". It opens
// nothing yet.
func NewLock(fsys FS, name, turnstile string) *Lock {
	return &Lock{fsys: fsys, main: lockFile{name: name}, turn: lockFile{name: turnstile}}
}

const (
	firstPoll = 100 * time.Microsecond
	lastPoll  = time.Millisecond
	// turnPoll is the longest pause before the turnstile. Whoever has the turnstile has to wait for the lock in any case,
	// so it need not be had at once; and a crowd of hundreds that tried each millisecond would leave the lock's holder no
	// processor.
	turnPoll = 50 * time.Millisecond
)

// Acquire takes the lock. It gives up with ErrLocked after the limit, or with the context's cause when ctx ends first; then
// nothing is held. A limit of zero tries once.
func (l *Lock) Acquire(ctx context.Context, limit time.Duration) error {
	// The clock is looked at only when the first try finds the lock taken.
	deadline := time.Time{}
	if l.turn.name != "" {
		// In a crowd others wait for longer: leave them the first half of the time that it takes.
		away := max(firstPoll, min(l.crowd/2, limit/10))
		if err := l.poll(ctx, &l.turn, limit, away, &deadline); err != nil {
			return err
		}
		l.crowd = 0
		if !deadline.IsZero() {
			l.crowd = limit - time.Until(deadline)
		}
		defer l.leaveTurn(&deadline)
	}
	if err := l.poll(ctx, &l.main, limit, firstPoll, &deadline); err != nil {
		return err
	}
	l.held = true
	return nil
}

// leaveTurn lets the next one into the turnstile. Whether its file is still the one of that name is looked at only where
// there was somebody to wait for: it is there for fairness, and nothing depends on it.
func (l *Lock) leaveTurn(waited *time.Time) {
	l.turn.unlock()
	if !waited.IsZero() && !l.turn.isNamed(l.fsys) {
		l.turn.close()
	}
}

// Release gives the lock back.
func (l *Lock) Release() error {
	if !l.held {
		return nil
	}
	l.held = false
	return l.main.unlock()
}

// Close releases the lock and closes its files. The Lock may be used again.
func (l *Lock) Close() error {
	l.held = false
	return errors.Join(l.main.close(), l.turn.close())
}

// poll tries to lock f until it succeeds, first after the pause wait, then after longer ones. Polling, unlike waiting in the system call, can be ended, and from a tenth of
// a millisecond it costs little.
func (l *Lock) poll(ctx context.Context, f *lockFile, limit, wait time.Duration, deadline *time.Time) error {
	for {
		ok, err := f.tryLock(l.fsys, f == &l.main)
		if err != nil {
			var p *fs.PathError
			if errors.As(err, &p) {
				err = p.Err
			}
			return fmt.Errorf("lock %s: %w", f.name, err)
		}
		if ok {
			return nil
		}
		if deadline.IsZero() {
			*deadline = time.Now().Add(limit)
		}
		if !time.Now().Before(*deadline) {
			return fmt.Errorf("lock %s: waited %v: %w", f.name, limit, ErrLocked)
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("lock %s: %w", f.name, context.Cause(ctx))
		}
		wait = max(firstPoll, min(2*wait, f.pause(limit, time.Until(*deadline), f == &l.main)))
	}
}

// pause returns how long to wait at most before the next try, of a limit of which left is left. It gets shorter towards
// the end, so that chance favours those who have waited for long.
func (f *lockFile) pause(limit, left time.Duration, main bool) time.Duration {
	share := float64(left) / float64(limit)
	most, least := lastPoll, firstPoll
	if !main {
		most = max(lastPoll, min(limit/100, turnPoll))
		least = max(firstPoll, most/5)
	}
	return max(least, time.Duration(float64(most)*share*share))
}

// tryLock opens the file if needed and tries once. If strict is set the lock counts only while the path still names the
// locked file: somebody may have removed or replaced it.
func (f *lockFile) tryLock(fsys FS, strict bool) (bool, error) {
	for range 10 {
		if f.file == nil {
			if err := f.open(fsys); err != nil {
				return false, err
			}
		}
		ok, err := f.file.TryLock()
		if err != nil {
			f.close() // it may have the lock, and Windows gives no file a lock that it has
			return false, err
		}
		if f.missed++; ok {
			f.missed = 0
		} else if f.missed%8 != 1 { // to look where the path leads costs more than to try, on some systems much more
			return false, nil
		} else {
			if !f.isNamed(fsys) {
				f.close() // held by somebody, but not the file that the next comer will lock
				continue
			}
			return false, nil
		}
		if !strict || f.isNamed(fsys) {
			return true, nil
		}
		f.close() // gives back the lock of a file that has no name any more
	}
	return false, errors.New("the lock file is replaced again and again: lock files must be left where they are")
}

// isNamed reports whether the open file is the one that its path names.
func (f *lockFile) isNamed(fsys FS) bool {
	info, err := fsys.Stat(f.name)
	return err == nil && info.ID == f.id
}

func (f *lockFile) open(fsys FS) error {
	file, err := fsys.CreateLock(f.name)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close() // nothing was written
		return err
	}
	f.file, f.id = file, info.ID
	return nil
}

func (f *lockFile) unlock() error {
	err := f.file.Unlock()
	if err != nil {
		f.close() // closing gives it back in any case
	}
	return err
}

func (f *lockFile) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
