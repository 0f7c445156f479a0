package vault

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// notifier tells of changes in directories, not in what is below their subdirectories.
type notifier interface {
	// Add has a directory watched; one that is watched already, too. Remove ends that.
	Add(dir string) error
	Remove(dir string) error
	// Watched is the directories that have a watch. The system ends that of a file system that is unmounted. It may be
	// called at any time, after Close too.
	Watched() []string
	// Notices is the changes, in the order in which they happened.
	Notices() <-chan notice
	// Errors is what went wrong. errOverflow means that notices were lost.
	Errors() <-chan error
	Close() error
}

// notice says that something happened to a path.
type notice struct {
	name string
	made bool // it was made, or moved here
	gone bool // it was removed, or moved away
	attr bool // nothing but its attributes changed, as search indexers have it all the time
}

var errOverflow = errors.New("notices were lost")

// errNoRoom is what Add and the making of a notifier return when the system grants no more watches.
var errNoRoom = errors.New("the system grants no more watches")

// fsNotify is fsnotify as a notifier.
type fsNotify struct {
	w       *fsnotify.Watcher
	notices chan notice
	errs    chan error
	quit    chan struct{}
	ended   chan struct{}
}

func newFSNotify() (notifier, error) {
	w, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		return nil, noRoom(err)
	}
	n := &fsNotify{
		w:       w,
		notices: make(chan notice),
		errs:    make(chan error),
		quit:    make(chan struct{}),
		ended:   make(chan struct{}),
	}
	go n.forward()
	return n, nil
}

// forward translates until Close.
func (n *fsNotify) forward() {
	defer close(n.ended)
	for {
		select {
		case ev, ok := <-n.w.Events:
			if !ok {
				return
			}
			select {
			case n.notices <- notice{
				name: ev.Name,
				made: ev.Has(fsnotify.Create),
				gone: ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename),
				attr: ev.Op == fsnotify.Chmod,
			}:
			case <-n.quit:
				return
			}
		case err, ok := <-n.w.Errors:
			if !ok {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				err = errOverflow
			}
			select {
			case n.errs <- err:
			case <-n.quit:
				return
			}
		case <-n.quit:
			return
		}
	}
}

func (n *fsNotify) Add(dir string) error { return noRoom(n.w.Add(dir)) }

func (n *fsNotify) Remove(dir string) error {
	err := n.w.Remove(dir)
	if errors.Is(err, fsnotify.ErrNonExistentWatch) {
		return nil
	}
	return err
}

func (n *fsNotify) Watched() []string      { return n.w.WatchList() }
func (n *fsNotify) Notices() <-chan notice { return n.notices }
func (n *fsNotify) Errors() <-chan error   { return n.errs }

// Close ends the watching and waits for it.
func (n *fsNotify) Close() error {
	close(n.quit)
	<-n.ended
	return n.w.Close()
}

// noRoom marks the errors by which systems say that there are too many watches or watchers.
func noRoom(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Errorf("%w: %w", errNoRoom, err)
	}
	return err
}
