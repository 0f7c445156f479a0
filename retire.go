package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/packed"
)

// Keep says what is kept of the events of a day that is retired.
type Keep string

const (
	// KeepPacked: a compressed file, which is read as if it were plain.
	KeepPacked Keep = "compress"
	// KeepPlain: the day file, as it is.
	KeepPlain Keep = "keep"
	// KeepNothing: nothing but a note of what it was. Snapshots and quarantine stay.
	KeepNothing Keep = "delete"
)

// String returns compress, keep or delete.
func (k Keep) String() string { return string(k) }

// ParseKeep reads what Keep.String writes.
func ParseKeep(s string) (Keep, error) {
	for _, k := range []Keep{KeepPacked, KeepPlain, KeepNothing} {
		if k.String() == s {
			return k, nil
		}
	}
	return "", fmt.Errorf("%q is none of compress, keep, delete", s)
}

// RetireStatus says what Retire has done with a day.
type RetireStatus string

const (
	// RetirePacked: its events are in the packed file.
	RetirePacked RetireStatus = "compressed"
	// RetireKept: its day file stays.
	RetireKept RetireStatus = "kept"
	// RetireDeleted: its events are gone from the book.
	RetireDeleted RetireStatus = "deleted"
	// RetireUnchanged: there was nothing to do.
	RetireUnchanged RetireStatus = "unchanged"
	// RetireRefused: something is wrong with the day; nothing has been done.
	RetireRefused RetireStatus = "refused"
)

// Retired is what Retire has done with a day.
type Retired struct {
	Day           Day
	Status        RetireStatus
	Before, After int64     // bytes of the files that its events are in
	Findings      []Finding // why it was refused
}

// Retire puts a past day away as keep says (promise 13). It verifies the day, makes it durable and calls proven, under
// no lock, with what is about to be retired: its error ends it, and nothing has been done. nil proves nothing. What has
// come to the day by the time that the book's lock is held has all begin again; that is held for a moment at a time
// only, so that others append meanwhile. A day with findings is refused. Events that come later go into a day file
// beside; the next Retire takes them in.
//
// The error is proven's, ErrLocked, ErrClosed, the context's cause, the file system's, or says that the day is not over
// or does not come to rest. Then, as after a crash, all events are there, and Retire done again goes on.
func (b *Book) Retire(
	ctx context.Context, day Day, keep Keep, proven func(ctx context.Context, x Extent) error,
) (Retired, error) {
	if _, err := ParseKeep(string(keep)); err != nil {
		return Retired{Day: day, Status: RetireRefused}, err
	}
	if today := b.DayOf(b.Now()); day.IsZero() || day.Compare(today) >= 0 {
		return Retired{Day: day, Status: RetireRefused}, fmt.Errorf("retire %s: today is %s, and only past days are retired", day, today)
	}
	for try := 1; ; try++ {
		r := retirer{b: b, day: day, keep: keep, proven: proven}
		r.Retired = Retired{Day: day, Status: RetireRefused}
		err := r.run(ctx)
		if errors.Is(err, errRewritten) && try < 4 {
			continue
		}
		if errors.Is(err, errRewritten) {
			err = fmt.Errorf("retire %s while others write to it: %w", day, err)
		}
		return r.Retired, err
	}
}

// retirer is one attempt to retire a day. Its error is errRewritten if the files have not stayed what they were.
type retirer struct {
	Retired
	b      *Book
	day    Day
	keep   Keep
	proven func(context.Context, Extent) error
	x      Extent
}

func (r *retirer) run(ctx context.Context) error {
	c, err := r.b.openDay(r.day)
	if err != nil {
		return err
	}
	if c != nil {
		c.Close() // nothing was written
		r.Before = c.info.Size + c.packedInfo.Size
	}
	r.After = r.Before
	if c == nil || c.plain == nil && r.keep == KeepPacked {
		r.Status = RetireUnchanged
		return nil
	}
	if err := r.verify(ctx); err != nil || len(r.Findings) > 0 {
		return err
	}
	if r.x, err = r.b.Settle(ctx, r.day); err != nil {
		return err
	}
	if r.proven != nil {
		if err := r.proven(ctx, r.x); err != nil {
			return err
		}
	}
	switch r.keep {
	case KeepPacked:
		err = r.pack(ctx)
		r.Status = RetirePacked
	case KeepNothing:
		if c.packed != nil {
			err = r.pack(ctx)
		}
		if err == nil {
			err = r.remove(ctx)
		}
		r.Status = RetireDeleted
	default:
		r.Status = RetireKept
	}
	if err != nil {
		r.Status = RetireRefused
		return err
	}
	r.After = 0
	if c, err = r.b.openDay(r.day); err == nil && c != nil {
		c.Close() // nothing was written
		r.After = c.info.Size + c.packedInfo.Size
	}
	return err
}

func (r *retirer) verify(ctx context.Context) error {
	return r.b.verifyDay(ctx, r.day, func(f Finding, _ []dayfile.Cut) error {
		r.Findings = append(r.Findings, f)
		return nil
	})
}

// open opens the day, which has what was proven and no more.
func (r *retirer) open() (*content, error) {
	c, err := r.b.openDay(r.day)
	if err == nil && (c == nil || c.size != r.x.Size) {
		err = errRewritten
	}
	if err != nil && c != nil {
		c.Close() // nothing was written
	}
	return c, err
}

// hold takes the book's lock, and makes sure that the files are those of c, as they were.
func (r *retirer) hold(ctx context.Context, c *content) (release func(), err error) {
	c.Close() // nothing was written; and who has the lock may have to replace a file
	release, err = r.b.writer.exclude(ctx)
	if err != nil {
		return nil, err
	}
	same, err := r.b.isStill(r.day, c, true)
	if err == nil && !same {
		err = errRewritten
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// pack puts the day into its packed file and takes the day file away.
func (r *retirer) pack(ctx context.Context) error {
	c, err := r.open()
	if err != nil {
		return err
	}
	defer c.Close() // nothing was written
	if c.plain == nil {
		return nil
	}
	if c.skip < c.info.Size || c.packed == nil {
		if err := r.makePacked(ctx, c); err != nil {
			return err
		}
	}
	c.Close() // nothing was written; and it may not be removed while it is open
	if c, err = r.open(); err != nil {
		return err
	}
	defer c.Close() // nothing was written
	if c.plain == nil || c.skip < c.info.Size {
		return errRewritten
	}
	if err := r.syncPacked(); err != nil {
		return err
	}
	if err := r.writeSums(ctx, c, r.b.unpack); err != nil {
		return err
	}
	release, err := r.hold(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	r.b.writer.letGo(r.day)
	return dayfile.Drop(r.b.fsys, r.b.dayDir(r.day))
}

// makePacked packs what the day holds. The lock is held only while the new file gets its name.
//
// Calls: those of durable.Replace, with the temporary file read back before the rename.
func (r *retirer) makePacked(ctx context.Context, c *content) error {
	release := func() {}
	defer func() { release() }()
	made := false
	return durable.ReplaceWithLike(r.b.fsys, r.b.dir, c.packedPath, c.path, func(temp durable.File) error {
		if made {
			return errRewritten // another process has swept the first one: begin again
		}
		made = true
		joins := []int64{}
		if c.packed != nil {
			note, _ := c.packed.Note()
			for _, j := range note.Joins {
				joins = append(joins, j.Offset)
			}
			joins = append(joins, c.packed.Size())
		}
		note, err := packed.Pack(ctx, temp, c, c.size, joins...)
		if err == nil {
			err = temp.Sync() // the most of it, without the lock
		}
		if err == nil {
			err = r.readBack(ctx, temp, io.NewSectionReader(c, 0, c.size))
		}
		if err == nil && note.Sum != r.x.Sum {
			err = errRewritten
		}
		if err != nil {
			return err
		}
		free, err := r.hold(ctx, c)
		if err == nil {
			release = free
		}
		return err
	})
}

// readBack compares what a packed file holds with what it should hold.
func (r *retirer) readBack(ctx context.Context, temp durable.File, want *io.SectionReader) error {
	info, err := temp.Stat()
	if err != nil {
		return err
	}
	got, err := packed.NewReader(&r.b.codec, temp, info.Size)
	if err != nil {
		return err
	}
	if got.Size() != want.Size() {
		return fmt.Errorf("it holds %d bytes, not the %d that were put into it", got.Size(), want.Size())
	}
	piece := min(packed.FrameSize, max(want.Size(), 1))
	a, b := make([]byte, piece), make([]byte, piece)
	for at := int64(0); at < want.Size(); at += int64(len(a)) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n := min(int64(len(a)), want.Size()-at)
		for _, part := range []struct {
			r io.ReaderAt
			p []byte
		}{{got, a[:n]}, {want, b[:n]}} {
			if k, err := part.r.ReadAt(part.p, at); int64(k) < n {
				return fmt.Errorf("read it back at offset %d: %w", at, err)
			}
		}
		if !bytes.Equal(a[:n], b[:n]) {
			return fmt.Errorf("what it holds from offset %d on is not what was put into it", at)
		}
	}
	return nil
}

// syncPacked makes the packed file durable, which another program may have made, or a process that did not come to the
// end.
func (r *retirer) syncPacked() error {
	f, err := r.b.fsys.Open(r.b.packedPath(r.day), true)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err == nil {
		err = r.b.fsys.SyncDir(r.b.dayDir(r.day))
	}
	return err
}

// writeSums writes the SHA256SUMS that the day is going to have, without its day file. If unpack is nil all its events
// go, and it says which.
func (r *retirer) writeSums(ctx context.Context, c *content, unpack dayfile.Unpack) error {
	dir := r.b.dayDir(r.day)
	sums, err := dayfile.TakeSums(ctx, r.b.fsys, dir, nil, 0, unpack)
	if err == nil && unpack == nil {
		err = sums.Note(ctx, r.b.Now(), c, c.size)
	}
	if err != nil {
		return err
	}
	release, err := r.hold(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	return r.b.replaceSums(r.day, sums.Encode())
}

// remove deletes the day's events, which are in one file, and says so.
func (r *retirer) remove(ctx context.Context) error {
	c, err := r.open()
	if err != nil {
		return err
	}
	defer c.Close() // nothing was written
	if c.plain != nil && c.packed != nil {
		return errRewritten
	}
	if err := r.writeSums(ctx, c, nil); err != nil {
		return err
	}
	release, err := r.hold(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	r.b.writer.letGo(r.day)
	if c.plain != nil {
		return dayfile.Drop(r.b.fsys, r.b.dayDir(r.day))
	}
	if err := r.b.fsys.Remove(c.packedPath); err != nil {
		return err
	}
	return r.b.fsys.SyncDir(r.b.dayDir(r.day))
}
