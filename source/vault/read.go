package vault

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"daybook/canvas"
	"daybook/internal/durable"
)

// sight is what a look at a board's file found. Exactly one of board, absent, reason, changing and away says what.
type sight struct {
	info     durable.Info
	board    *canvas.Board
	absent   bool   // there is no such file
	reason   string // why there is no board in the file
	changing bool   // the file did not hold still
	away     bool   // its directory cannot be read either: a share that does not answer, a disk pulled out
	spelled  string // of one that is absent: the path in the spelling that there is
}

const (
	maxBoard  = 64 << 20 // bytes; what is greater is no board
	readTries = 3
)

// look reads the board rel under root. One that is listed in another spelling only is absent.
func look(fsys durable.FS, root, rel string) sight {
	s := readBoard(fsys, root, rel)
	if s.board != nil || s.reason != "" {
		if is := spelling(fsys, root, rel); is != rel {
			return sight{absent: true, spelled: is}
		}
	}
	return s
}

// readBoard reads a board. What it read counts only when the file's state before and after it agree and the path still
// names the same file: else the board is being replaced or written.
func readBoard(fsys durable.FS, root, rel string) sight {
	if strings.Contains(rel, displacedMark) {
		return sight{absent: true} // where that board is now is not known
	}
	name := filepath.Join(root, filepath.FromSlash(rel))
	for range readTries {
		data, info, err := readSettled(fsys, name)
		switch {
		case errors.Is(err, errChanging):
			continue
		case isAbsent(err):
			return sight{absent: true}
		case err != nil:
			if _, derr := fsys.ReadDir(filepath.Dir(name)); derr != nil {
				return sight{away: true}
			}
			return sight{info: info, reason: reasonOf(err)}
		}
		board, reason := parseBoard(data)
		return sight{info: info, board: board, reason: reason}
	}
	return sight{changing: true}
}

// parseBoard returns the board that a file's bytes hold, or why they hold none.
func parseBoard(data []byte) (board *canvas.Board, reason string) {
	if len(data) == 0 {
		return nil, "empty"
	}
	board, err := canvas.Parse(data)
	if err != nil {
		return nil, reasonOf(err)
	}
	return board, ""
}

var (
	errChanging = errors.New("the file changed while it was read")
	errTooLarge = errors.New("larger than 64 MiB")
	errNoFile   = errors.New("not a file") // a directory, a pipe: no board is here
)

func readSettled(fsys durable.FS, name string) ([]byte, durable.Info, error) {
	before, err := fsys.Stat(name)
	if err != nil {
		return nil, before, err
	}
	if !before.Mode.IsRegular() {
		return nil, before, errNoFile // opening a pipe would wait for its writer
	}
	if before.Size > maxBoard {
		return nil, before, errTooLarge
	}
	f, err := fsys.Open(name, false)
	if err != nil {
		return nil, before, err
	}
	defer f.Close() // nothing was written
	data := make([]byte, before.Size)
	if n, err := f.ReadAt(data, 0); err != nil && err != io.EOF {
		return nil, before, err
	} else if int64(n) < before.Size {
		return nil, before, errChanging
	}
	opened, err := f.Stat()
	if err != nil {
		return nil, before, err
	}
	after, err := fsys.Stat(name)
	if err != nil && !isAbsent(err) {
		return nil, before, err
	}
	if err != nil || opened != before || after != before {
		return nil, before, errChanging
	}
	return data, before, nil
}

// isAbsent reports whether an error of Stat or Open means that there is no board: no file, a file where a directory
// should be, or something that is no file.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, errNoFile)
}

// reasonOf is what canvas_unreadable says: the few common reasons in one word or two, whatever else in full.
func reasonOf(err error) string {
	var syntax *canvas.SyntaxError
	switch {
	case errors.As(err, &syntax):
		switch {
		case syntax.Reason == "the board is empty":
			return "empty"
		case strings.HasPrefix(syntax.Reason, "the board ends too early"):
			return "truncated"
		case strings.Contains(syntax.Reason, "git conflict marker"):
			return "conflict markers"
		}
		return "not a board: " + syntax.Error()
	case errors.Is(err, errTooLarge):
		return errTooLarge.Error()
	case errors.Is(err, fs.ErrPermission):
		return "no permission"
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return "cannot be read: " + pathErr.Err.Error() // without the path: it names this machine's directories
	}
	return "cannot be read: " + err.Error()
}

// gone reports whether the absence of the board rel can be believed: root is the directory that it was at the start,
// and the nearest directory on the way that still exists can be listed and does not list what should be next.
func gone(fsys durable.FS, root string, home durable.FileID, rel string) bool {
	info, err := fsys.Stat(root)
	if err != nil || info.ID != home {
		return false
	}
	dir := root
	elems := strings.Split(rel, "/")
	for i, elem := range elems {
		entries, err := fsys.ReadDir(dir)
		if err != nil {
			return false
		}
		if !lists(entries, elem) {
			return true
		}
		dir = filepath.Join(dir, elem)
		info, err := fsys.Stat(dir)
		last := i == len(elems)-1
		switch {
		case err != nil && !isAbsent(err):
			return false
		case err != nil: // gone meanwhile, or a link that leads nowhere
			return true
		case last:
			return !info.Mode.IsRegular()
		case !info.Mode.IsDir():
			return true
		}
	}
	return false
}

func lists(entries []fs.DirEntry, name string) bool {
	for _, e := range entries {
		if e.Name() == name {
			return true
		}
	}
	return false
}
