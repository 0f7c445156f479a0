package daemon

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"daybook/learning"
	"daybook/learning/palettefile"
)

// palettes follows the palette.toml of a book. One that is wrong never ends the recording: until it is mended the palette
// stays what it was, and at the start it is the story's.
type palettes struct {
	dir     string // the book's
	log     *slog.Logger
	palette learning.Palette
	seen    fs.FileInfo // the file when it was last read; nil if there was none
	doubt   bool        // it was wrong then: perhaps it was just being written
	said    string      // what was said of it
}

// newPalettes reads the palette of a book for the first time.
func newPalettes(dir string, log *slog.Logger) (*palettes, error) {
	story, err := learning.Profile(learning.Profiles()[0])
	p := &palettes{dir: dir, log: log, palette: story}
	p.seen = p.stat()
	if read, err := palettefile.Load(dir); err != nil {
		p.warn(err)
	} else {
		p.palette = read
	}
	return p, err
}

// next reads the file if it is another than when it was last read, and reports whether the palette may have changed. One
// that is wrong is read twice, a call later, before that is said.
func (p *palettes) next() bool {
	now := p.stat()
	same := now == nil && p.seen == nil ||
		now != nil && p.seen != nil && os.SameFile(now, p.seen) && now.ModTime().Equal(p.seen.ModTime()) && now.Size() == p.seen.Size()
	if same && !p.doubt {
		return false
	}
	p.seen = now
	read, err := palettefile.Load(p.dir)
	if err != nil {
		if p.doubt = !same; same {
			p.warn(err)
		}
		return false
	}
	p.palette, p.doubt, p.said = read, false, ""
	return true
}

func (p *palettes) stat() fs.FileInfo {
	info, err := os.Stat(filepath.Join(p.dir, palettefile.Name))
	if err != nil {
		return nil // missing, or Load tells why not
	}
	return info
}

func (p *palettes) warn(err error) {
	if said := err.Error(); said != p.said {
		p.said = said
		p.log.Warn("the palette stays as it is until that is mended", "error", err, "palette", p.palette.Name)
	}
}
