package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"time"

	"daybook/learning/steady"
	"daybook/source/vault"
)

// plan says of the commits of a line, before any of them is recorded, what only the whole line tells.
type plan struct {
	times map[string]time.Time // of each commit
	said  map[string]time.Time // what an outlier's author says; zero is no time at all
	moves map[string]string    // by the commit that moved the vault: its folder from then on
	first string               // the vault's folder before the first of these
}

// plan reads a line. last is the time of what comes before it, folder the vault's at its end.
func (p *program) plan(ctx context.Context, l line, last, now time.Time, folder string, isBoard func(string) bool) (plan, error) {
	pl := plan{times: map[string]time.Time{}, said: map[string]time.Time{}, moves: map[string]string{}, first: folder}
	log, err := p.log(ctx, l, false)
	if err != nil {
		return pl, err
	}
	defer log.s.stop()
	m := mover{git: p, folder: folder, isBoard: isBoard, gone: map[string]map[string]string{}}
	defer m.stop()
	var commits []commit
	for {
		c, err := log.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return pl, err
		}
		from, moved, err := m.before(ctx, c)
		if err != nil {
			return pl, err
		}
		if moved {
			pl.moves[c.hash], pl.first = m.folder, from
			m.folder = from
			clear(m.gone) // what went away from other folders, and from this one, is no part of an older move
		}
		c.files = nil
		commits = append(commits, c)
	}
	moments := make([]steady.Moment, len(commits))
	for i, c := range commits { // the newest is the first
		moments[len(commits)-1-i] = c.moment(now)
	}
	for i, at := range steady.Times(last, moments) {
		c := commits[len(commits)-1-i]
		if at.IsZero() {
			at = now // no commit of the line says when it was made
		}
		if pl.times[c.hash] = at; at.Unix() != c.author {
			pl.said[c.hash] = time.Time{}
			if c.author > 0 {
				pl.said[c.hash] = time.Unix(c.author, 0)
			}
		}
	}
	return pl, nil
}

// mover finds out, from the newest commit to the oldest, in which folder of the repository the vault was.
type mover struct {
	git     *program
	folder  string                 // where it is after the commit that comes next; it ends in "/", or is ""
	isBoard func(path string) bool // of a path in the vault
	// gone are the files elsewhere that the commits so far have removed, with their contents, by path, by its last name.
	gone  map[string]map[string]string
	blobs *blobs
}

func (m *mover) stop() {
	if m.blobs != nil {
		m.blobs.s.stop()
	}
}

// before returns the folder where the vault was before a commit, if that has moved it: if over half of the boards that are in it
// then were elsewhere before, under the same names, and went away from there with this commit or a later one. It is the
// same board if it has the same bytes, or over half of the cards.
func (m *mover) before(ctx context.Context, c commit) (folder string, moved bool, err error) {
	if m.folder == "" {
		return "", false, nil // all of the repository was in it
	}
	var came []file
	for _, f := range c.files {
		rel, inside := strings.CutPrefix(f.path, m.folder)
		switch {
		case inside && f.was.mode == modeNone && m.isBoard(rel):
			came = append(came, f)
		case !inside && f.mode == modeNone:
			name := path.Base(f.path)
			if m.gone[name] == nil {
				m.gone[name] = map[string]string{}
			}
			m.gone[name][f.path] = f.was.blob
		}
	}
	if len(came) == 0 || len(m.gone) == 0 {
		return "", false, nil
	}
	votes := map[string][][2]string{} // the contents before and after, by the folder before
	for _, f := range came {
		rel := f.path[len(m.folder):]
		for p, blob := range m.gone[path.Base(rel)] {
			if from, ok := strings.CutSuffix(p, rel); ok && (from == "" || strings.HasSuffix(from, "/")) {
				votes[from] = append(votes[from], [2]string{blob, f.blob})
			}
		}
	}
	if len(votes) == 0 {
		return "", false, nil
	}
	all := 0
	files, err := m.git.tree(ctx, c.hash, m.folder)
	if err != nil {
		return "", false, err
	}
	for _, f := range files {
		if rel, inside := strings.CutPrefix(f.path, m.folder); inside && m.isBoard(rel) {
			all++
		}
	}
	for from, pairs := range votes {
		if 2*len(pairs) <= all {
			continue
		}
		same := 0
		for _, pair := range pairs {
			is, err := m.same(ctx, pair[0], pair[1])
			if err != nil {
				return "", false, err
			}
			if is {
				same++
			}
		}
		if 2*same > all {
			return from, true, nil // no other folder can have over half, too
		}
	}
	return "", false, nil
}

// same reports whether two contents are one board.
func (m *mover) same(ctx context.Context, before, after string) (bool, error) {
	if before == after {
		return true, nil
	}
	if m.blobs == nil {
		var err error
		if m.blobs, err = m.git.blobs(ctx); err != nil {
			return false, err
		}
	}
	var data [2][]byte
	for i, blob := range []string{before, after} {
		b, _, err := m.blobs.read(file{blob: blob})
		if err != nil {
			return false, err
		}
		data[i] = bytes.Clone(b)
	}
	return vault.SameBoard(data[0], data[1]), nil
}
