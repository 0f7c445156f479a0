package report

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"daybook/internal/durable"
)

// Dir is the directory in the vault that reports are written into if nobody names another one.
const Dir = ".learning_reports"

// pictureFile is the name of the file of a picture.
func (r *Report) pictureFile(p *picture) string { return r.Name + "-" + p.id + ".svg" }

// Pictures returns the pictures that the Markdown shows, as SVG, by the names of their files.
func (r *Report) Pictures() map[string]string {
	files := map[string]string{}
	for _, s := range r.sections() {
		if s.picture != nil {
			files[r.pictureFile(s.picture)] = s.picture.svg(true)
		}
	}
	return files
}

// pictureIDs are the ids of all pictures that there can be.
func pictureIDs() []string { return []string{"time", "progress", "cards", "flow", "hours", "year"} }

// Write puts the report into a directory, which it makes if it is missing: as Markdown with its pictures beside it, or as a
// page. Each file is replaced as a whole, the Markdown last. A file that is the same already is left alone, and a picture that an earlier
// report of this name had and this one has not is removed. It returns the path of the Markdown, or of the page.
func (r *Report) Write(fsys durable.FS, dir string, page bool) (name string, err error) {
	if err := durable.MkdirAll(fsys, dir); err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	durable.Sweep(fsys, dir) // what a crash has left over; best effort
	if page {
		name = filepath.Join(dir, r.Name+".html")
		return name, replace(fsys, name, r.HTML())
	}
	pictures := r.Pictures()
	for file, svg := range pictures {
		if err := replace(fsys, filepath.Join(dir, file), svg); err != nil {
			return "", err
		}
	}
	name = filepath.Join(dir, r.Name+".md")
	if err := replace(fsys, name, r.Markdown()); err != nil {
		return "", err
	}
	for _, id := range pictureIDs() {
		file := r.Name + "-" + id + ".svg"
		if _, has := pictures[file]; has {
			continue
		}
		if err := fsys.Remove(filepath.Join(dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("write the report: %w", err)
		}
	}
	return name, nil
}

// replace is durable.Replace of a file that is another.
func replace(fsys durable.FS, name, text string) error {
	if there, err := durable.ReadFile(fsys, name); err == nil && bytes.Equal(there, []byte(text)) {
		return nil
	}
	return durable.Replace(fsys, name, []byte(text))
}
