package daybook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// SealStatus says what Seal has done with a day.
type SealStatus string

const (
	// SealWritten: SHA256SUMS has been written, or written again for a day that had grown.
	SealWritten SealStatus = "sealed"
	// SealUnchanged: it says what is so already.
	SealUnchanged SealStatus = "unchanged"
	// SealRefused: something is wrong with the day; nothing has been written.
	SealRefused SealStatus = "refused"
)

// Sealed is what Seal has done with one day.
type Sealed struct {
	Day      Day
	Status   SealStatus
	File     string    // path of the day's SHA256SUMS
	Size     int64     // bytes of the day that are hashed
	Files    int       // number of files that are listed
	Findings []Finding // why it was refused
}

// Seal verifies the days that q names, as far as they are past, and writes the SHA-256 of their files beside them, as
// `sha256sum -c` reads it (promise 12): from then on Verify tells a day that has only grown, by late events, from one that was
// changed. A day with findings is not sealed. One that is sealed already is left alone, or sealed again if it has grown.
// Others may append meanwhile.
//
// The error is ErrLocked, ErrClosed, the context's cause or the file system's, and the last thing that is yielded; the days
// before are sealed.
func (b *Book) Seal(ctx context.Context, q Query) iter.Seq2[Sealed, error] {
	return func(yield func(Sealed, error) bool) {
		days, err := b.traces()
		today := b.DayOf(b.Now())
		for _, day := range days {
			if !q.holds(day) || day.Compare(today) >= 0 {
				continue
			}
			var s Sealed
			for try := 1; ; try++ {
				if s, err = b.sealDay(ctx, day); !errors.Is(err, errRewritten) || try == 10 {
					break
				}
			}
			if errors.Is(err, errRewritten) {
				err = fmt.Errorf("seal %s while others write to it: %w", day, err)
			}
			if err != nil {
				break
			}
			if !yield(s, nil) {
				return
			}
		}
		if err != nil {
			yield(Sealed{}, err)
		}
	}
}

// sealDay seals one day. The error is errRewritten if another file has taken the day file's place meanwhile.
//
// Calls if the day's bytes are durable: those of durable.Replace, under the book's lock.
func (b *Book) sealDay(ctx context.Context, day Day) (Sealed, error) {
	s := Sealed{Day: day, Status: SealRefused, File: filepath.Join(b.dayDir(day), dayfile.SumsName)}
	found := func(f Finding, _ []dayfile.Cut) error {
		s.Findings = append(s.Findings, f)
		return nil
	}
	c, err := b.openDay(day)
	if err != nil {
		return s, b.findUnreadable(ctx, day, err, found)
	}
	if c == nil {
		if err = b.verifyMissing(ctx, day, found); err == nil && len(s.Findings) == 0 {
			err = found(Finding{Problem: ProblemMissing, Day: day, File: b.dayPath(day), Reason: "there is no day file"}, nil)
		}
		return s, err
	}
	var sums dayfile.Sums
	s.Size, err = b.verifyContent(ctx, day, c, found) // what is hashed is what has been verified
	if err == nil && len(s.Findings) == 0 {
		sums, err = dayfile.TakeSums(ctx, b.fsys, b.dayDir(day), c.plain, s.Size-c.base, b.unpack)
	}
	c.Close() // nothing was written; and who has the lock, which is waited for now, may have to replace the file
	if err != nil || len(s.Findings) > 0 {
		return s, b.findUnreadable(ctx, day, err, found)
	}
	s.Files = len(sums.Files)
	text := sums.Encode()
	old, err := durable.ReadFile(b.fsys, s.File)
	if err == nil && string(old) == string(text) {
		s.Status = SealUnchanged
		return s, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := b.writeSums(ctx, day, c, s, text); err != nil {
		return s, err
	}
	s.Status = SealWritten
	return s, nil
}

// writeSums writes a SHA256SUMS for the files of c, if they are the day's still and once their bytes are durable. The lock
// keeps a repair or a retirement from putting others in their place meanwhile.
func (b *Book) writeSums(ctx context.Context, day Day, c *content, s Sealed, text []byte) error {
	release, err := b.writer.exclude(ctx)
	if err != nil {
		return err
	}
	defer release()
	if same, err := b.isStill(day, c, false); err != nil || !same {
		return errors.Join(err, errRewritten)
	}
	if c.plain != nil {
		if err := dayfile.Settle(b.fsys, b.dayDir(day), b.dir, s.Size-c.base); err != nil {
			return err
		}
	}
	return b.replaceSums(day, text)
}

// replaceSums puts text into the day's SHA256SUMS, which nobody may read who may not read the day.
func (b *Book) replaceSums(day Day, text []byte) error {
	model := b.dayPath(day)
	if _, err := b.fsys.Stat(model); err != nil {
		model = b.packedPath(day)
	}
	name := filepath.Join(b.dayDir(day), dayfile.SumsName)
	return durable.ReplaceWithLike(b.fsys, b.dir, name, model, func(temp durable.File) error {
		_, err := temp.WriteAt(text, 0)
		return err
	})
}
