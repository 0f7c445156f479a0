package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"daybook/internal/durable"
	"daybook/internal/printable"
)

// The comments, which Obsidian does not show, between which a summary stands in a note.
const (
	noteBegin = "%% daybook: what follows is written anew by `daybook report --note` %%"
	noteEnd   = "%% daybook: end %%"
)

// errNoteChanged is the error of a note that somebody has written between reading it and replacing it.
var errNoteChanged = errors.New("the note has changed meanwhile")

// WriteNote puts a summary of the day into the vault's daily note, in place of the one that it put there before, or at its
// end; a note that is missing is made. Nothing else in the note changes by a byte. Of what somebody else writes into it at
// the same time nothing is overwritten that was there until a moment before the new file takes its place. It returns the
// note's path.
func (r *Report) WriteNote(fsys durable.FS, vault string) (name string, err error) {
	rel, err := r.notePath(fsys, vault)
	if err != nil {
		return "", err
	}
	name = filepath.Join(vault, filepath.FromSlash(rel))
	if err := durable.MkdirAll(fsys, filepath.Dir(name)); err != nil {
		return "", fmt.Errorf("write the note: %w", err)
	}
	durable.Sweep(fsys, filepath.Dir(name)) // what a crash has left over; best effort
	for try := 0; ; try++ {
		err := r.replaceNote(fsys, name)
		if errors.Is(err, errNoteChanged) && try < 5 {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("write the note %s: %w", name, err)
		}
		return name, nil
	}
}

func (r *Report) replaceNote(fsys durable.FS, name string) error {
	old, err := durable.ReadFile(fsys, name)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return err
	}
	text, err := withSummary(old, r.Summary())
	if err != nil || !missing && bytes.Equal(text, old) {
		return err
	}
	return durable.ReplaceWith(fsys, filepath.Dir(name), name, func(temp durable.File) error {
		if _, err := temp.WriteAt(text, 0); err != nil {
			return err
		}
		now, err := durable.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) && missing {
			return nil
		}
		if err == nil && (missing || !bytes.Equal(now, old)) {
			err = errNoteChanged
		}
		return err
	})
}

// withSummary returns a note with a summary in it: between the two comments if they are there, else at its end.
func withSummary(note []byte, summary string) ([]byte, error) {
	if bytes.HasPrefix(note, []byte("\xff\xfe")) || bytes.HasPrefix(note, []byte("\xfe\xff")) {
		return nil, errors.New("it is UTF-16, not UTF-8: save it as UTF-8")
	}
	newline := "\n"
	if i := bytes.IndexByte(note, '\n'); i > 0 && note[i-1] == '\r' {
		newline = "\r\n"
	}
	part := noteBegin + "\n" + summary + noteEnd
	part = strings.ReplaceAll(part, "\n", newline)
	begins, ends := bytes.Count(note, []byte(noteBegin)), bytes.Count(note, []byte(noteEnd))
	begin, end := bytes.Index(note, []byte(noteBegin)), bytes.Index(note, []byte(noteEnd))
	switch {
	case begins == 1 && ends == 1 && begin < end:
		return bytes.Join([][]byte{note[:begin], []byte(part), note[end+len(noteEnd):]}, nil), nil
	case begins > 0 || ends > 0:
		return nil, fmt.Errorf("its comments %q and %q are not there once each, in this order: remove what is left of them",
			noteBegin, noteEnd)
	}
	out := bytes.Clone(note)
	if len(out) > 0 {
		if !bytes.HasSuffix(out, []byte("\n")) {
			out = append(out, newline...)
		}
		out = append(out, newline...)
	}
	return append(out, part+newline...), nil
}

// Summary returns the report of a day in a few lines of Markdown.
func (r *Report) Summary() string {
	var b strings.Builder
	row := func(format string, args ...any) { fmt.Fprintf(&b, "- "+format+"\n", args...) }
	b.WriteString("**Learning**\n\n")
	if r.Empty() {
		row("nothing was recorded")
	} else {
		row("%s active in %s, %s on %s", howLong(r.Active), count(r.SittingsCount, "sitting"), count(r.Events, "event"),
			count(len(r.Boards), "board"))
		if steps := stepsText(r.Steps); steps != "" {
			row("%s", steps)
		}
		if rate, ok := rate(r.Steps, r.Rate); ok {
			row("understanding rate %s", rate)
		}
	}
	if text := r.cardsText(); len(text) > 0 {
		row("%s", strings.TrimSuffix(markdown(text), "."))
	}
	if r.Review != nil && len(r.Review.Cards) > 0 {
		row("%s to look at today:", count(len(r.Review.Cards), "card"))
		for _, c := range r.Review.Cards[:min(5, len(r.Review.Cards))] {
			fmt.Fprintf(&b, "    - %s\n", markdown(r.cardLine(c)))
		}
	}
	return printable.Text(b.String())
}

// notePath returns the path of the day's note in the vault, with "/", as the settings of Obsidian's daily notes have it.
func (r *Report) notePath(fsys durable.FS, vault string) (string, error) {
	settings := struct {
		Folder string `json:"folder"`
		Format string `json:"format"`
	}{}
	file := filepath.Join(vault, ".obsidian", "daily-notes.json")
	data, err := durable.ReadFile(fsys, file)
	if err == nil {
		if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &settings); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if settings.Format == "" {
		settings.Format = "YYYY-MM-DD"
	}
	day, err := time.Parse(time.DateOnly, r.From)
	if err != nil {
		return "", err
	}
	name, err := momentFormat(settings.Format, day)
	if err != nil {
		return "", fmt.Errorf("%s: the format %q: %w", file, settings.Format, err)
	}
	rel := path.Join(strings.Trim(settings.Folder, "/"), name)
	if strings.HasSuffix(name, "/") || strings.ContainsAny(rel, "\x00\\") || !filepath.IsLocal(filepath.FromSlash(rel)) ||
		strings.HasPrefix(path.Base(rel), ".") {
		return "", fmt.Errorf("%s: %q in the folder %q is no name of a note in the vault", file, name, settings.Folder)
	}
	if !strings.HasSuffix(rel, ".md") {
		rel += ".md"
	}
	return rel, nil
}
