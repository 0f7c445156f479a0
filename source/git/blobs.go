package git

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxBoard   = 64 << 20 // bytes; as for the watcher, what is greater is no board
	lfsPointer = "version https://git-lfs.github.com/spec/"
)

// blobs reads the contents of files.
type blobs struct{ s *stream }

func (p *program) blobs(ctx context.Context) (*blobs, error) {
	s, err := p.start(ctx, true, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	return &blobs{s}, nil
}

// read returns a file's bytes, or why there is no board in them.
func (b *blobs) read(f file) (data []byte, unreadable string, err error) {
	switch f.mode {
	case modeLink:
		return nil, "a symbolic link", nil
	case modeSubmodule:
		return nil, "a submodule", nil
	}
	if _, err := io.WriteString(b.s.in, f.blob+"\n"); err != nil {
		return nil, "", b.s.broken(err)
	}
	line, err := b.s.out.ReadString('\n')
	if err != nil {
		return nil, "", b.s.broken(err)
	}
	parts := strings.Fields(line)
	if len(parts) == 2 && parts[1] == "missing" {
		return nil, "it is missing in the repository", nil
	}
	size := int64(-1)
	if len(parts) == 3 && parts[1] == "blob" {
		size, err = strconv.ParseInt(parts[2], 10, 64)
	}
	if err != nil || size < 0 {
		return nil, "", fmt.Errorf("read what git cat-file says: %.80q", line)
	}
	if size > maxBoard {
		if _, err := io.CopyN(io.Discard, b.s.out, size+1); err != nil {
			return nil, "", b.s.broken(err)
		}
		return nil, "larger than 64 MiB", nil
	}
	data = make([]byte, size+1) // and the newline behind it
	if _, err := io.ReadFull(b.s.out, data); err != nil {
		return nil, "", b.s.broken(err)
	}
	if data = data[:size]; bytes.HasPrefix(data, []byte(lfsPointer)) {
		return nil, "a pointer of Git LFS: the board itself is not in the repository", nil
	}
	return data, "", nil
}
