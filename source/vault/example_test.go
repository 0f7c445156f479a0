package vault_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"daybook"
	"daybook/source/vault"
)

// A program of one's own learns of each change on a card, when it is on disk.
func ExampleOptions() {
	root, err := os.MkdirTemp("", "vault")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	book, err := daybook.Open(filepath.Join(root, daybook.VaultDir), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer book.Close()
	v, err := vault.Open(root, book, &vault.Options{
		Consumers: []vault.Consumer{{
			Name: "colours",
			Consume: func(_ context.Context, r vault.Recorded) error {
				if r.Type == "node_color_change" {
					before, after := r.Change()
					fmt.Printf("%s: %s went from %q to %q\n", r.CanvasID, r.NodeID, before, after)
				}
				return nil
			},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	for _, board := range []string{
		`{"nodes":[{"id":"n1","type":"text","text":"Why?","color":"1"}]}`,
		`{"nodes":[{"id":"n1","type":"text","text":"Why?","color":"3"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(root, "a.canvas"), []byte(board), 0o644); err != nil {
			log.Fatal(err)
		}
		summary, err := v.CatchUp(context.Background()) // or Run, which goes on until its context ends
		if err != nil {
			log.Fatal(err)
		}
		for _, c := range summary.Consumers {
			fmt.Println(c.Name, "got", c.Calls, "and failed", c.Failed)
		}
	}
	// Output:
	// colours got 1 and failed 0
	// a.canvas: n1 went from "1" to "3"
	// colours got 1 and failed 0
}
