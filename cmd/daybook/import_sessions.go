package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/session"
)

func newImportSessions(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "sessions FILE|DIR…",
		Short: "Import the events of session documents",
		Long: `Import the events of session documents (session_2025-11-08.json) of another vault, or that another program has
written. Of a directory, the files *.json in it are looked at.

An event that the book has already, of the same value, is not stored again; one without an event_id gets one made from
its content. Files of another shape are left alone. Of a document that does not parse the whole events are taken, and
it is named.`,
		Example: `  daybook import sessions ~/OldVault/.learning_sessions
  daybook import sessions session_2025-11-07.json session_2025-11-08.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("name the documents to import, or their directory")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			files, others, err := documents(args)
			if err != nil {
				return err
			}
			return importInto(cmd.Context(), e, g, func(_ *daybook.Book, in *intake) error {
				for _, name := range others {
					in.leaveAlone(name, "it is no regular file")
				}
				for i, name := range files {
					if err := in.document(cmd.Context(), name); err != nil {
						return fmt.Errorf("stopped before %s: %w", name, err)
					}
					in.bar.step(int64(i+1), int64(len(files)))
				}
				return nil
			})
		},
	}
}

// documents returns the files that the arguments name, of directories those that end in .json. The others end so, too, but
// are pipes, devices, or links that lead to such or nowhere.
func documents(args []string) (files, others []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, nil, &failure{err: err, hint: "nothing was imported"}
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, nil, &failure{err: err, hint: "nothing was imported"}
		}
		for _, entry := range entries {
			name := filepath.Join(arg, entry.Name())
			if !strings.HasSuffix(strings.ToLower(name), ".json") {
				continue
			}
			switch info, err := os.Stat(name); {
			case err == nil && info.IsDir():
			case err == nil && info.Mode().IsRegular():
				files = append(files, name)
			default:
				others = append(others, name)
			}
		}
	}
	return slices.Compact(files), others, nil
}

const (
	firstBytes      = 64 << 10 // in which a document's first brace stands
	longestDocument = 1 << 30  // bytes
)

// readDocument reads a file whole if it may be a document. The error wraps session.ErrNoDocument if it is none.
func readDocument(ctx context.Context, name string) ([]byte, error) {
	f, err := openInput(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read
	r := waitReader{ctx, f}
	head := make([]byte, firstBytes)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return head, nil
	}
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(head, '{') < 0 {
		return nil, fmt.Errorf("%w: it is no JSON object", session.ErrNoDocument)
	}
	text, err := io.ReadAll(io.MultiReader(bytes.NewReader(head), io.LimitReader(r, longestDocument)))
	if len(text) > longestDocument {
		return nil, fmt.Errorf("it has more than %d bytes", longestDocument)
	}
	return text, err
}

// leaveAlone tells of a file that is no document.
func (in *intake) leaveAlone(name string, why any) {
	in.alone++
	in.bar.clear()
	in.e.say("note", "left alone: %s: %v", name, why)
}

// document imports one file. The error says why the import ends here.
func (in *intake) document(ctx context.Context, name string) error {
	var r session.Reading
	text, err := readDocument(ctx, name)
	read := err == nil
	if read {
		err = await(ctx, func() (err error) {
			r, err = session.Read(ctx, in.book, text)
			return err
		})
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, session.ErrNoDocument):
		in.leaveAlone(name, err)
		return nil
	case err != nil && read:
		return err
	case err != nil:
		in.refuse("%s: %v", name, err)
		return nil
	}
	in.files++
	in.known += r.Known
	if r.Damaged {
		in.unreadable++
		in.bar.clear()
		in.e.say("error", "%s: it is damaged; its whole events are taken: %d", name, len(r.Events)+r.Known)
	}
	for _, why := range r.Refused {
		in.refuse("%s: %s", name, why)
	}
	refused, _, err := in.append(ctx, r.Events)
	for i := range r.Events {
		if refused[i] != nil {
			in.refuse("%s: event_id %s: %v", name, r.Events[i].ID(), refused[i])
		}
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}
