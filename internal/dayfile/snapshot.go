package dayfile

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"daybook/internal/durable"
)

// BoardsName is the name of the directory, in a day's, that holds snapshots.
const BoardsName = "boards"

// Snapshot stores data in the day's directory under its SHA-256, which is its name, unless it is there already.
// Temporary files go to temp. It needs no lock.
//
// Calls: those of MkdirAll, and of Replace.
func Snapshot(fsys durable.FS, day, temp string, data []byte) (name string, err error) {
	file := fmt.Sprintf("%x.canvas", sha256.Sum256(data))
	name = BoardsName + "/" + file
	path := filepath.Join(day, BoardsName, file)
	if info, err := fsys.Stat(path); err == nil && info.Size == int64(len(data)) {
		// It may have been made a moment ago by somebody who has not yet made its name durable.
		return name, fsys.SyncDir(filepath.Dir(path))
	}
	if err := durable.MkdirAll(fsys, filepath.Dir(path)); err != nil {
		return "", err
	}
	return name, durable.ReplaceVia(fsys, temp, path, data)
}

// ReadSnapshot returns the snapshot of a day that Snapshot has called name. It is whole: one whose bytes are not those of
// its name is an error, and so is a name that Snapshot cannot have given.
func ReadSnapshot(fsys durable.FS, day, name string) ([]byte, error) {
	file, ok := strings.CutPrefix(name, BoardsName+"/")
	if sum, isBoard := strings.CutSuffix(file, ".canvas"); !ok || !isBoard || !isSum(sum) {
		return nil, fmt.Errorf("%q is no name of a snapshot", name)
	}
	path := filepath.Join(day, BoardsName, file)
	data, err := durable.ReadFile(fsys, path)
	if err != nil {
		return nil, fmt.Errorf("read the snapshot: %w", err)
	}
	if fmt.Sprintf("%x.canvas", sha256.Sum256(data)) != file {
		return nil, fmt.Errorf("read the snapshot %s: it is damaged, its bytes are not those of its name", path)
	}
	return data, nil
}

// isSum reports whether s is a SHA-256 as Snapshot writes it.
func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}
