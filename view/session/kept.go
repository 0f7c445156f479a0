package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// A document that is made anew although something of it would be lost is kept aside, under its own name with
// ".kept-", the beginning of its SHA-256, and a number if that name is taken by something else. It is moved there, not
// copied: a program that is still writing it goes on writing there. So a kept document that has changed since is looked
// at once more.

// keptTime is how long a kept document is looked at after its last change.
const keptTime = time.Hour

// aside is a document that has to be kept aside, and why.
type aside struct {
	text   []byte
	reason string
}

// keptName returns the name under which text is to be kept, and whether it is there already.
func keptName(fsys durable.FS, path string, text []byte) (name string, there bool, err error) {
	base := path + keptMark(text)
	name = base
	for n := 2; ; n++ {
		old, err := durable.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) && fsys.Resolve(name) == name {
			return name, false, nil
		}
		if err == nil && bytes.Equal(old, text) {
			return name, true, nil
		}
		if n == 100 {
			return "", false, fmt.Errorf("keep %s aside: %d files of the name %s are there: move them away", path, n, base)
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

func keptMark(text []byte) string {
	sum := sha256.Sum256(text)
	return ".kept-" + hex.EncodeToString(sum[:8])
}

// keepCopy puts a copy of text, the contents of the file path, beside it.
func keepCopy(fsys durable.FS, log *slog.Logger, path string, a aside) error {
	name, there, err := keptName(fsys, path, a.text)
	if err == nil && !there {
		err = durable.ReplaceLike(fsys, name, path, a.text)
	}
	if err == nil && !there {
		log.Warn("a document is kept aside and made anew", "file", path, "reason", a.reason, "kept", name)
	}
	return err
}

// moveAside gives the document d the name under which it is kept. A symbolic link stays, and what it leads to is copied.
func (v *View) moveAside(d *document) error {
	if v.fsys.Resolve(d.path) != d.path {
		return keepCopy(v.fsys, v.book.Logger(), d.path, *d.aside)
	}
	name, there, err := keptName(v.fsys, d.path, d.aside.text)
	if err != nil || there {
		return err
	}
	if err := v.fsys.Rename(d.path, name); err != nil {
		return fmt.Errorf("keep %s aside: %w", d.path, err)
	}
	v.book.Logger().Warn("a document is kept aside and made anew", "file", d.path, "reason", d.aside.reason, "kept", name)
	v.watchKept(d.day, name, d.info)
	return nil
}

// watchKept remembers a kept document, which was like info when it was last looked at.
func (v *View) watchKept(day daybook.Day, name string, info durable.Info) {
	if v.kept[day] == nil {
		v.kept[day] = make(map[string]durable.Info)
	}
	v.kept[day][name] = info
}

// findKept remembers the kept documents in the book's directory that have changed of late and are not known yet.
func (v *View) findKept(entries []fs.DirEntry) {
	for _, e := range entries {
		document, mark, kept := strings.Cut(e.Name(), ".json.kept-")
		id, session := strings.CutPrefix(document, "session_")
		day, err := daybook.ParseDay(id)
		if !kept || !session || err != nil || strings.Trim(mark, "0123456789abcdef-") != "" {
			continue
		}
		name := filepath.Join(v.book.Dir(), e.Name())
		info, err := v.fsys.Stat(name)
		if _, known := v.kept[day][name]; known || err != nil || !v.young(info) {
			continue
		}
		v.watchKept(day, name, durable.Info{})
	}
}

func (v *View) young(info durable.Info) bool {
	return info.Mode.IsRegular() && v.now().Sub(time.Unix(0, info.ModTime)) < keptTime
}

// lateWork takes in what has been written into kept documents of the day since they were kept.
func (v *View) lateWork(ctx context.Context, d *document) error {
	var errs []error
	for name, was := range v.kept[d.day] {
		info, err := v.fsys.Stat(name)
		if err != nil || !v.young(info) {
			delete(v.kept[d.day], name) // removed, or nobody writes it any more
			continue
		}
		if info != was {
			errs = append(errs, v.lookAtKept(ctx, d, name, info))
		}
	}
	return errors.Join(errs...)
}

// lookAtKept looks at a kept document, which is like info.
func (v *View) lookAtKept(ctx context.Context, d *document, name string, info durable.Info) error {
	text, err := durable.ReadFile(v.fsys, name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, d.path+keptMark(text)) {
		v.kept[d.day][name] = info // as it was kept
		return nil
	}
	f := parseForeign(text, d.day)
	if age := v.now().Sub(time.Unix(0, info.ModTime)); f.broken && age >= 0 && age < settleTime {
		return nil // the next look will find more
	}
	if err := v.adopt(ctx, d, &f, text, info); err != nil {
		return err
	}
	v.kept[d.day][name] = info
	return nil
}
