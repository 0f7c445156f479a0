// Package daybook is a durable daily event log. Programs append JSON events to a book; each event is on disk when
// [Book.Append] returns, in a plain file per day that any tool can read.
//
// A book is a directory. The events of 22 November 2026 are the lines of 2026-11-22/events.json below it, JSON Lines in
// the order in which they were committed. That file is the only truth: everything else (a session document, a SQLite
// database, a report) is a view, made from the day files and rebuilt from them at any time. The format is described in
// docs/format.md; reading a book needs no library.
//
// # Appending
//
// [Open] opens a book and makes it if there is none. [ParseEvent] checks one JSON object by the book's rules, and
// [Book.Append] stores it:
//
//	book, err := daybook.Open("data/events", nil)
//	…
//	event, err := daybook.ParseEvent(line)
//	…
//	position, err := book.Append(ctx, event) // nil: it is on disk
//
// The two members that the book itself needs are event_id and timestamp; both are added where they are missing. The
// timestamp decides the day, in the zone of the book, whatever the clock says. Within a day an event_id stands for one
// event: appending the same event again is acknowledged and stores nothing ([Position.Duplicate]), so a producer that
// sets both members may retry after any error. Another event with the same event_id is refused with [ErrConflict].
//
// All methods of a [Book] may be called from any number of goroutines, and any number of processes may have one book
// open. Appends that wait at the same time share one write and one sync.
//
// # What the book promises
//
// With [SyncAlways], the default, an acknowledged event survives the death of the process and of the machine: it is in
// the book once, byte for byte as it was stored. What an interrupted writer leaves behind is cut off or completed by the
// next one, and no byte is discarded: what is cut off is kept in the day's quarantine. docs/durability.md numbers the
// promises, says what is assumed of disks and systems, and names the test that proves each.
//
// # Reading and following
//
// [Book.Events] yields the events of a range of days, [Book.Search] those whose members have given values. A damaged
// line yields a [*DamageError] and the iteration goes on behind it.
//
// [Book.Follow] yields events as they are committed, by this process or another, each once. With each event comes a
// [Token], a cursor over all days of the book; a consumer that stores the token in one transaction with the result of
// the event misses none and sees none twice, across restarts and crashes.
//
// # Views
//
// A [View] is brought up to date after each commit, before Append returns. A view that fails never fails an Append: it is
// reported to [Options.Logger], it is behind, and it catches up at the next commit. [Open] attaches only the views of
// its [Options].
package daybook
