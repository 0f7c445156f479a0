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
