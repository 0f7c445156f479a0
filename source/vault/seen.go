package vault

import (
	"time"

	"daybook/internal/durable"
)

const (
	racyWindow = 2 * time.Second // in which a file may change without another modification time: FAT's granularity
	clockSkew  = time.Hour       // by which the clock of a share's server may be wrong
)

// seen is what is known of a board's file.
type seen struct {
	looked durable.Info // when it was last looked at
	at     time.Time    // of that look's beginning; zero if there was none
	info   durable.Info // when a scan or a look last saw it
	since  time.Time    // since when it has been seen so
}

// saw takes in how the file was seen just now, and reports whether that is news.
func (s *seen) saw(info durable.Info, now time.Time) bool {
	if !s.since.IsZero() && s.info == info {
		return false
	}
	first := s.since.IsZero()
	s.info, s.since = info, now
	// A file that was found as it is may have been so for long, by a clock that need not be ours.
	if age := now.Sub(time.Unix(0, info.ModTime)); first && age > clockSkew {
		s.since = now.Add(-racyWindow)
	}
	return true
}

// settles is when every later change of the file shows in its modification time, whatever the clock that it is by: the
// file has then been seen for so long with the time that it has.
func (s *seen) settles() time.Time { return s.since.Add(racyWindow) }
