package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"daybook"
)

// bookDir returns the book's directory: --book, else DAYBOOK_DIR, else .learning_sessions of the vault around the
// working directory, else data/events.
func bookDir(e env, g *globals) (string, error) {
	if g.book != "" {
		return g.book, nil
	}
	if dir := e.getenv("DAYBOOK_DIR"); dir != "" {
		return dir, nil
	}
	wd, err := e.getwd()
	if err != nil {
		return "", err
	}
	if vault, ok := vaultAround(wd); ok {
		return filepath.Join(vault, daybook.VaultDir), nil
	}
	return filepath.Join("data", "events"), nil
}

// vaultAround returns the nearest directory, dir itself or one above it, that has .obsidian or .learning_sessions.
func vaultAround(dir string) (string, bool) {
	for {
		for _, name := range []string{".obsidian", daybook.VaultDir} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
				return dir, true
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// openBook opens the book that the flags name. The caller closes it.
func openBook(e env, g *globals, opts daybook.Options) (*daybook.Book, error) {
	dir, err := bookDir(e, g)
	if err != nil {
		return nil, err
	}
	opts.Now = e.now
	opts.Logger = slog.New(talkHandler{env: e, level: slog.LevelWarn})
	return daybook.Open(dir, &opts)
}

// openWithViews opens the book like openBook, with the views that its daybook.json names.
func openWithViews(e env, g *globals, opts daybook.Options) (*daybook.Book, error) {
	dir, err := bookDir(e, g)
	if err != nil {
		return nil, err
	}
	opts.ViewsFor = func(s daybook.Settings) []daybook.View { return viewsFor(e, dir, s) }
	return openBook(e, g, opts)
}

// withBook opens the book, calls use and closes the book whatever use returns.
func withBook(
	open func(env, *globals, daybook.Options) (*daybook.Book, error),
	e env, g *globals, opts daybook.Options, use func(*daybook.Book) error,
) error {
	book, err := open(e, g, opts)
	if err != nil {
		return err
	}
	err = use(book)
	cerr := book.Close()
	if err == nil {
		return cerr
	}
	if cerr != nil {
		e.say("error", "close the book: %v", cerr)
	}
	return err
}

// collectSeldom has garbage collected four times less often, until the function is called that it returns. Who reads a whole
// day, or a whole book, makes much garbage and keeps little, and ends soon: it takes a fifth less time.
func collectSeldom() (as func()) {
	was := debug.SetGCPercent(400)
	return func() { debug.SetGCPercent(was) }
}
