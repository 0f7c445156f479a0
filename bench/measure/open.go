package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"daybook"
	"daybook/bench/event"
	"daybook/bench/peer"
	"daybook/bench/stat"
)

// Opening is what it takes to open a day for append: Open and the first Append, not synced, to a day that holds events
// already, which are durable; alternately with reading the day's file whole.
type Opening struct {
	Held  int     `json:"held"`
	Bytes int64   `json:"bytes"`   // of the day's file
	Open  float64 `json:"open_ms"` // median
	Read  float64 `json:"read_ms"` // median
	Ratio float64 `json:"of_read"` // median of the rounds
}

// Open measures an Opening in a directory that it makes below dir and removes again.
func Open(dir string, held, size, rounds int) (_ Opening, err error) {
	own, err := os.MkdirTemp(dir, "day-")
	if err != nil {
		return Opening{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	if err := fillBook(own, held, size); err != nil {
		return Opening{}, err
	}
	result := Opening{Held: held}
	name := filepath.Join(own, event.Day, "events.json")
	var opens, reads []float64
	for round := range rounds {
		e, err := daybook.ParseEvent(event.Make(event.Camera, held+round, size).Line)
		if err != nil {
			return result, err
		}
		began := time.Now()
		book, err := daybook.Open(own, &daybook.Options{Sync: daybook.SyncNone})
		if err != nil {
			return result, err
		}
		_, err = book.Append(context.Background(), e)
		opens = append(opens, millis(time.Since(began)))
		if err := errors.Join(err, book.Close()); err != nil {
			return result, err
		}
		began = time.Now()
		data, err := os.ReadFile(name)
		if err != nil {
			return result, err
		}
		reads = append(reads, millis(time.Since(began)))
		result.Bytes = int64(len(data))
	}
	result.Open, result.Read, result.Ratio = stat.Median(opens), stat.Median(reads), stat.Ratios(opens, reads).Median
	return result, nil
}

func fillBook(dir string, held, size int) error {
	log, err := peer.Daybook().Open(dir, peer.Config{Sync: true})
	if err != nil {
		return err
	}
	for n := 0; n < held && err == nil; {
		var events []event.Event
		for ; n < held && len(events) < chunk; n++ {
			events = append(events, event.Make(event.Camera, n, size))
		}
		err = log.Fill(events)
	}
	if err := errors.Join(err, log.Close()); err != nil {
		return fmt.Errorf("fill a book: %w", err)
	}
	return settle(dir)
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
