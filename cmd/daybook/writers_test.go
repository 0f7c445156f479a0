package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"daybook"
	"daybook/daemon"
	"daybook/learning"
)

// This file has programs of the library that the tests of cut power and of failing disks start; TestMain gives them names.

// cutLine is the event of an id such as r7w1-42: the 43rd of the first writer in round 7. Its day and its length follow
// from the id, so that the checker knows each byte. A round writes three days of its own in turns, and one of the round
// before.
func cutLine(id string) string {
	day := cutDay(id)
	if day == "" {
		return ""
	}
	_, number, _ := strings.Cut(id, "-")
	n := 0
	fmt.Sscan(number, &n) // cutDay has read it
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"%sT14:32:15Z","canvas_id":"other.canvas","event_type":"note",`+
		`"details":{"pad":%q}}`, id, day, strings.Repeat("x", n*37%900))
}

// cutDay is the day of such an event; "" if the id is another one.
func cutDay(id string) string {
	var round, writer, n int
	if _, err := fmt.Sscanf(id, "r%dw%d-%d", &round, &writer, &n); err != nil {
		return ""
	}
	day := 3*round + n/60%3
	if n%10 == 9 && round > 0 {
		day = 3*round - 1
	}
	return time.Date(2020, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// cutThreads is how many appends of a cutWriter wait at the same time.
const cutThreads = 3

// cutWriter is a program of the library, with the views that the book names: it appends events to the book DIR as NAME with
// the given sync until it is killed, some at once, and prints each id that is acknowledged.
func cutWriter(args []string) error {
	sync, err := daybook.ParseSync(args[2])
	if err != nil {
		return err
	}
	b, err := daybook.Open(args[0], &daybook.Options{Sync: sync, ViewsFor: func(s daybook.Settings) []daybook.View {
		return daemon.Views(s.Views, learning.Palette{}, func(string) {})
	}})
	if err != nil {
		return err
	}
	var next atomic.Int64
	failed := make(chan error)
	for range cutThreads {
		go func() {
			for {
				id := fmt.Sprintf("%s-%d", args[1], next.Add(1)-1)
				e, err := daybook.ParseEvent([]byte(cutLine(id)))
				if err == nil {
					_, err = b.Append(context.Background(), e)
				}
				if err == nil {
					_, err = fmt.Println(id)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// stubbornWriter is a program of the library: it appends an event for each line of its input to the book DIR, with the
// views that the book names. What fails is tried again with the same Book, up to four times. It prints the ids that were
// acknowledged.
func stubbornWriter(args []string) error {
	b, err := daybook.Open(args[0], &daybook.Options{ViewsFor: func(s daybook.Settings) []daybook.View {
		return daemon.Views(s.Views, learning.Palette{}, func(string) {})
	}})
	if err != nil {
		return err
	}
	var errs []error
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		e, err := daybook.ParseEvent(in.Bytes())
		if err != nil {
			return err
		}
		for range 5 {
			if _, err = b.Append(context.Background(), e); err == nil {
				fmt.Println(e.ID())
				break
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, b.Close())...)
}
