package dayfile

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"

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
