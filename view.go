package daybook

import "context"

// A View is something posted from a book: a document, a database, a page. It is derived, may be deleted at any time and
// is built again from the book. A View that fails never fails an Append: the Book logs it, the View is behind, and it
// catches up when it is next called.
//
// The Book calls the methods of its Views one at a time. Within Open and Post a View must not append: what it finds in a
// document that other programs write too, it stores with Book.Adopt.
type View interface {
	// Name is what messages and daybook.json call the view.
	Name() string
	// Open is called once, when b is opened, to bring the view up to the book's end.
	Open(ctx context.Context, b *Book) error
	// Post is called after each commit to a day's file and before the Appends of that commit return. It brings the
	// view of that day up to the book's end, whoever wrote it, and must be quick: its time is the producer's.
	Post(ctx context.Context, day Day) error
	// Close gives back what Open took. It may be called without Open.
	Close() error
}
