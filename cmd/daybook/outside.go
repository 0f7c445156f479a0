package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"daybook"

	"daybook/internal/durable"
)

// outsideOf is the book's file system for files that are made from its events and are no part of any book: it refuses
// names that lead into one. New files obey the umask.
func outsideOf(book *daybook.Book) durable.FS {
	return outsideFS{durable.Outside(book.FS(), shown(book)), book}
}

type outsideFS struct {
	durable.FS
	book *daybook.Book
}

// CreateLike is how the temporary file of a file that is replaced, the model, is made.
func (o outsideFS) CreateLike(name, model string) (durable.File, error) {
	if err := outside(o.book, model); err != nil {
		return nil, err
	}
	return o.FS.CreateLike(name, model)
}

func (o outsideFS) Mkdir(name string) (bool, error) {
	if err := outside(o.book, name); err != nil {
		return false, err
	}
	return o.FS.Mkdir(name)
}

// outside returns an error if the name leads into a book, this or another one, over whatever links.
func outside(book *daybook.Book, name string) error {
	real := book.FS().Resolve(name)
	if !filepath.IsAbs(real) {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		real = dir + string(filepath.Separator) + real // not Join: ".." behind a link counts from where that leads
	}
	root, err := os.Stat(book.Dir())
	if err != nil {
		return err
	}
	// Links in what is there already of the path lead elsewhere; what is missing will be made as it is named.
	there, missing := real, ""
	for {
		if resolved, err := filepath.EvalSymlinks(there); err == nil {
			real = filepath.Join(resolved, missing)
			break
		}
		parent, last := filepath.Split(strings.TrimRight(there, string(filepath.Separator)))
		if parent == there || last == "" {
			break
		}
		there, missing = parent, filepath.Join(last, missing)
	}
	for dir := real; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && os.SameFile(info, root) {
			return inBook(name, book.Dir())
		}
		if settings, serr := os.Lstat(filepath.Join(dir, "daybook.json")); serr == nil && !settings.IsDir() {
			return inBook(name, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func inBook(name, book string) error {
	return usage("name another place: nothing but the book's own files belongs there", "%s belongs to the book %s", name, book)
}

// noOtherName returns an error if the file is one of the book's under another name (a hard link).
func noOtherName(book *daybook.Book, name string) error {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil // the writing says what is wrong
	}
	if isBelow(book.Dir(), info, 3) {
		return inBook(name, book.Dir())
	}
	return nil
}

// isBelow reports whether a file is one of those below a directory, so many levels deep, links followed. What cannot be
// read is not what is written.
func isBelow(dir string, file fs.FileInfo, levels int) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		info, err := os.Stat(name)
		if err == nil && (os.SameFile(info, file) || info.IsDir() && levels > 1 && isBelow(name, file, levels-1)) {
			return true
		}
	}
	return false
}

// shown is the mode that a file made from the book's events may have: no more than every day file has.
func shown(book *daybook.Book) fs.FileMode {
	mode := fs.FileMode(0o666)
	days, err := book.Days()
	if err != nil {
		return mode // the reading says what is wrong
	}
	for _, day := range days {
		for _, name := range []string{"events.json", "events.json.zst"} {
			if info, err := book.FS().Stat(filepath.Join(book.Dir(), day.String(), name)); err == nil {
				mode &= info.Mode | 0o222 // others may write what is theirs
			}
		}
	}
	return mode
}
