package daybook_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"daybook"
)

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
			continue // reported with file and offset; the next event follows
		}
		fmt.Println(event, err)
	}
	// Output:
	// 2025-11-08 0 75 <nil>
	// {"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z","camera_id":"gate"} <nil>
}

func ExampleBook_Follow() {
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
	ctx := context.Background()
	add := func(line string) {
		event, err := daybook.ParseEvent([]byte(line))
		if err == nil {
			_, err = book.Append(ctx, event)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	add(`{"event_id":"evt_1","timestamp":"2025-11-08T14:32:15Z"}`)
	add(`{"event_id":"evt_2","timestamp":"2025-11-08T14:32:16Z"}`)

	var stored string // keep it where you keep what comes of the event, in one step
	for next, err := range book.Follow(ctx, daybook.Token{}, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(next.Event.ID())
		stored = next.Token.String()
		break // and the process ends
	}
	add(`{"event_id":"evt_3","timestamp":"2025-11-07T09:00:00Z"}`) // late

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
