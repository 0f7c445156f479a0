package daybook_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"daybook"
)

// tempBook opens a book in a temporary directory. The function it returns closes and removes the book.
func tempBook(opts *daybook.Options) (*daybook.Book, func()) {
	dir, err := os.MkdirTemp("", "events")
	if err != nil {
		log.Fatal(err)
	}
	book, err := daybook.Open(dir, opts)
	if err != nil {
		log.Fatal(err)
	}
	return book, func() {
		if err := errors.Join(book.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// add appends lines that are known to be good.
func add(book *daybook.Book, lines ...string) {
	for _, line := range lines {
		event, err := daybook.ParseEvent([]byte(line))
		if err == nil {
			_, err = book.Append(context.Background(), event)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "events")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	book, err := daybook.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer book.Close()
	event, err := daybook.ParseEvent([]byte(`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","camera_id":"gate"}`))
	if err != nil {
		log.Fatal(err) // names the member and the rule
	}
	ctx := context.Background()
	position, err := book.Append(ctx, event) // nil: it is on disk
	fmt.Println(position.Day, position.Offset, position.Length, err)
	for event, err := range book.Events(ctx, daybook.Query{}) {
		var damage *daybook.DamageError
		if errors.As(err, &damage) {
			continue // names file and offset; the next event follows
		}
		fmt.Println(event, err)
	}
	// Output:
	// 2025-11-08 0 75 <nil>
	// {"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","camera_id":"gate"} <nil>
}

// A directory that must be a book already, events that a camera may log without waiting for the disk.
func ExampleOpen() {
	_, err := daybook.Open("no/such/book", &daybook.Options{MustExist: true})
	fmt.Println(errors.Is(err, daybook.ErrNoBook))

	book, remove := tempBook(&daybook.Options{Sync: daybook.SyncInterval, Settings: &daybook.Settings{Zone: "Europe/Berlin"}})
	defer remove()
	fmt.Println(book.Zone())
	// Output:
	// true
	// Europe/Berlin
}

// The same event may be appended again, after an error or a restart; an event_id cannot be used for another one.
func ExampleBook_Append() {
	book, remove := tempBook(nil)
	defer remove()
	for _, line := range []string{
		`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","label":"person"}`,
		`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","label":"person"}`,
		`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","label":"bicycle"}`,
	} {
		event, err := daybook.ParseEvent([]byte(line))
		if err != nil {
			log.Fatal(err)
		}
		position, err := book.Append(context.Background(), event)
		fmt.Println(position.Duplicate, errors.Is(err, daybook.ErrConflict))
	}
	// Output:
	// false false
	// true false
	// false true
}

func ExampleBook_Events() {
	book, remove := tempBook(nil)
	defer remove()
	add(book,
		`{"event_id":"evt_1","timestamp":"2025-11-07T23:59:59Z"}`,
		`{"event_id":"evt_2","timestamp":"2025-11-08T00:00:00Z"}`,
		`{"event_id":"evt_3","timestamp":"2025-11-09T08:00:00Z"}`,
	)
	day, err := daybook.ParseDay("2025-11-08")
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range book.Events(context.Background(), daybook.Query{From: day}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.ID(), event.Time())
	}
	// Output:
	// evt_2 2025-11-08 00:00:00 +0000 UTC
	// evt_3 2025-11-09 08:00:00 +0000 UTC
}

// An array stands for each of its elements.
func ExampleBook_Search() {
	book, remove := tempBook(nil)
	defer remove()
	add(book,
		`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","detected_objects":[{"label":"cat"},{"label":"person"}]}`,
		`{"event_id":"evt_2","timestamp":"2025-11-08T14:32:16Z","detected_objects":[{"label":"cat"}]}`,
	)
	person := daybook.Condition{Member: "detected_objects.label", Value: "person"}
	for entry, err := range book.Search(context.Background(), daybook.Query{}, person) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Position.Day, entry.Event.ID())
	}
	// Output:
	// 2025-11-08 evt_1
}

func ExampleBook_Follow() {
	book, remove := tempBook(nil)
	defer remove()
	add(book,
		`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z"}`,
		`{"event_id":"evt_2","timestamp":"2025-11-08T14:32:16Z"}`,
	)
	ctx := context.Background()
	var stored string // where the results are kept, in one transaction with them
	for next, err := range book.Follow(ctx, daybook.Token{}, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(next.Event.ID())
		stored = next.Token.String()
		break // and the process ends
	}
	add(book, `{"event_id":"evt_3","timestamp":"2025-11-07T09:00:00Z"}`) // late, and for an earlier day

	token, err := daybook.ParseToken(stored)
	if err != nil {
		log.Fatal(err)
	}
	for next, err := range book.Follow(ctx, token, &daybook.FollowOptions{Once: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(next.Event.ID())
	}
	// Output:
	// evt_1
	// evt_3
	// evt_2
}

// perDay is a View that counts the events of each day.
type perDay struct {
	book *daybook.Book
	n    map[daybook.Day]int
}

func (v *perDay) Name() string { return "events per day" }

func (v *perDay) Open(ctx context.Context, b *daybook.Book) error {
	v.book, v.n = b, make(map[daybook.Day]int)
	days, err := b.Days()
	for _, day := range days {
		if err == nil {
			err = v.Post(ctx, day)
		}
	}
	return err
}

func (v *perDay) Post(ctx context.Context, day daybook.Day) error {
	v.n[day] = 0
	for _, err := range v.book.Events(ctx, daybook.Query{From: day, To: day}) {
		if err != nil {
			return err
		}
		v.n[day]++
	}
	return nil
}

func (v *perDay) Close() error { return nil }

func ExampleView() {
	view := new(perDay)
	book, remove := tempBook(&daybook.Options{Views: []daybook.View{view}})
	defer remove()
	add(book,
		`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z"}`,
		`{"event_id":"evt_2","timestamp":"2025-11-08T14:32:16Z"}`,
	)
	fmt.Println(view.n)
	// Output:
	// map[2025-11-08:2]
}
