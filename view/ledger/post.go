package ledger

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"

	"daybook"
)

// A transaction has so many rows, or bytes of lines, at most.
const (
	maxRows  = 20_000
	maxBytes = 16 << 20
)

var (
	// errMoved says that somebody has posted meanwhile who does not honour the ledger's lock.
	errMoved = errors.New("another program has posted to the ledger meanwhile")
	// errReplaced says that the rows are not of the file that is there now.
	errReplaced = errors.New("the day's file was replaced while it was being posted")
)

// poster posts days, in their order.
type poster struct {
	v      *View
	c      *conn
	insert *stmt
	text   *stmt
	done   *Summary // what is committed
	more   Summary  // what is not yet
	step   func(bytes int64)
	bulk   bool // the first posting of much: the indexes are made when all rows are there, which takes a third of the time

	job    *job   // nil between days
	name   string // the open day
	now    cursor
	last   *row     // of the open day that was posted last
	before *earlier // of the open day; nil if it has no other files
	fig    *figures
	rows   int // since the last commit
	bytes  int
	// What the database will have when the transaction is committed.
	pending []committed
}

type committed struct {
	day daybook.Day
	cursor
}

func (v *View) newPoster(c *conn, done *Summary, step func(int64)) (p *poster, err error) {
	p = &poster{v: v, c: c, done: done, step: step}
	if p.insert, err = c.prepare("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)"); err == nil {
		p.text, err = c.prepare("INSERT INTO texts (rowid, text) VALUES (?,?)")
	}
	return p, err
}

// close ends the statements.
func (p *poster) close() {
	for _, s := range []*stmt{p.insert, p.text} {
		if s != nil {
			s.s.Close() // nothing is written by it
		}
	}
}

// post posts the jobs. After an error what was not committed is not there.
func (p *poster) post(ctx context.Context, jobs []job) error {
	err := p.v.at("begin")
	if err == nil {
		err = p.c.exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		return err
	}
	if p.bulk {
		err = p.c.exec(noIndexes)
	}
	for len(jobs) > 0 && err == nil {
		n := together(jobs)
		err = p.run(ctx, jobs[:n])
		jobs = jobs[n:]
	}
	if err == nil {
		err = p.commit()
	}
	if err != nil {
		_ = p.c.rollback() // as in transaction
		p.v.forget()
	}
	return err
}

// fewBytes is up to how much is read by one goroutine.
const fewBytes = 1 << 20

// together returns how many of the jobs are best read at once: new days, by all processors.
func together(jobs []job) int {
	n := 0
	for n < len(jobs) && jobs[n].from == 0 {
		n++
	}
	return max(1, n)
}

// run posts jobs that are read together.
func (p *poster) run(ctx context.Context, jobs []job) error {
	base := make(map[daybook.Day]int64, len(jobs))
	for _, j := range jobs {
		base[j.day] = place(j.day, j.base)
	}
	first, last, palette := jobs[0], jobs[len(jobs)-1], p.v.palette
	read := func(e daybook.Entry) *row { // by several goroutines, while this one goes on with the jobs
		at, ok := base[e.Position.Day]
		if !ok || e.Position.Day == first.day && e.Position.Offset < first.from {
			return nil
		}
		return newRow(e, at, palette)
	}
	var rows iter.Seq2[*row, error]
	if len(jobs) == 1 && first.extent.Size-first.from < fewBytes {
		rows = func(yield func(*row, error) bool) {
			for e, err := range p.v.book.DayEvents(ctx, first.day, first.from) {
				var r *row
				if err == nil {
					r = read(e)
				}
				if !yield(r, err) {
					return
				}
			}
		}
	} else {
		rows = daybook.Extract(ctx, p.v.book, daybook.Query{From: first.day, To: last.day}, read)
	}
	for r, err := range rows {
		if err := p.next(r, err, &jobs); err != nil {
			return err
		}
	}
	for len(jobs) > 0 {
		if err := p.ends(&jobs); err != nil {
			return err
		}
	}
	return nil
}

// next takes in a row, or what is wrong with a line. jobs are those that have not ended.
func (p *poster) next(r *row, err error, jobs *[]job) error {
	var day daybook.Day
	var offset, end int64
	var damage *daybook.DamageError
	switch {
	case errors.As(err, &damage) && damage.Lines == 0: // about the day, whose lines are posted
		p.v.damaged(damage)
		return nil
	case errors.As(err, &damage):
		at := damage.Position
		day, offset, end, err = at.Day, at.Offset, at.Offset+int64(at.Length), nil
	case r != nil:
		day, offset, end = r.day, r.end-int64(len(r.line))-1, r.end
	}
	if err != nil || day.IsZero() {
		return err
	}
	for len(*jobs) > 0 && (*jobs)[0].day.Compare(day) < 0 {
		if err := p.ends(jobs); err != nil {
			return err
		}
	}
	if len(*jobs) == 0 || (*jobs)[0].day != day || offset < (*jobs)[0].from || end > (*jobs)[0].extent.Size {
		return nil // of a day that has nothing to post; or appended meanwhile
	}
	if err := p.begins(&(*jobs)[0]); err != nil {
		return err
	}
	if damage != nil {
		p.now.damaged++
		p.more.Damaged++
		p.v.damaged(damage)
		return nil
	}
	return p.add(r)
}

// begins opens a day, unless it is open.
func (p *poster) begins(j *job) error {
	if p.job == j {
		return nil
	}
	same, err := j.was.isStill(p.c, j.day)
	if err == nil && !same {
		err = errMoved
	}
	if err != nil {
		return err
	}
	p.job, p.name, p.now, p.last = j, j.day.String(), j.was, nil
	p.now.file = j.extent.File
	if j.anew {
		p.now = cursor{file: j.extent.File, base: j.base}
		if err := p.remove(j.day, j.base); err != nil {
			return err
		}
	}
	if p.before = nil; j.base > 0 {
		if p.before, err = readEarlier(p.c, j.day, j.base); err != nil {
			return err
		}
	}
	start, err := colorsBefore(p.c, j.day)
	if err != nil {
		return err
	}
	switch open := p.v.open; {
	case j.from == 0 && j.base == 0:
		p.fig = newFigures(j.day, p.v.book.Zone(), p.v.palette, p.v.sum, start)
	case !j.anew && open != nil && open.day == j.day && open.start == start.sum && open.sum == p.v.sum:
		p.fig = open
	default:
		p.fig, err = p.v.readFigures(p.c, j.day)
	}
	return err
}

// remove takes the rows of a day's file away, which is posted anew.
func (p *poster) remove(day daybook.Day, base int64) error {
	from, to := bounds(day)
	from += base
	n, err := p.c.value("SELECT count(*) FROM events WHERE id BETWEEN ? AND ?", from, to)
	if err != nil {
		return err
	}
	gone, _ := n.(int64)
	p.more.Removed += int(gone)
	for _, query := range []string{
		"DELETE FROM texts WHERE rowid IN (SELECT id FROM events WHERE id BETWEEN ? AND ?)",
		"DELETE FROM events WHERE id BETWEEN ? AND ?",
		"DELETE FROM learned WHERE id BETWEEN ? AND ?",
	} {
		if err := p.c.exec(query, from, to); err != nil {
			return err
		}
	}
	return nil
}

// add posts an event of the open day.
func (p *poster) add(r *row) error {
	known, err := p.before.has(p.c, r)
	if err == nil && !known {
		err = p.put(r, p.name)
	}
	if err != nil {
		return err
	}
	if !known {
		p.fig.add(r)
		p.more.Events++
	}
	p.last = r
	p.rows++
	if p.bytes += len(r.line) + 1; p.rows < p.v.rows && p.bytes < maxBytes {
		return nil
	}
	before := p.now.posted
	if err := p.mark(r.end); err != nil {
		return err
	}
	p.step(r.end - before)
	if err := p.commit(); err != nil {
		return err
	}
	if err := p.v.at("begin"); err != nil {
		return err
	}
	return p.c.exec("BEGIN IMMEDIATE")
}

// put inserts a row.
func (p *poster) put(r *row, day string) error {
	err := p.insert.run(r.id, day, r.eventID, r.timestamp, r.offset, r.Type, r.Canvas, r.Camera, r.Node, r.line)
	if err == nil && r.words != "" {
		err = p.text.run(r.id, r.words)
	}
	return err
}

// ends closes the first of the jobs: its day is posted.
func (p *poster) ends(jobs *[]job) error {
	j := &(*jobs)[0]
	*jobs = (*jobs)[1:]
	if err := p.begins(j); err != nil {
		return err
	}
	before := p.now.posted
	if err := p.mark(j.extent.Size); err != nil {
		return err
	}
	p.step(p.now.posted - before)
	p.more.Days++
	p.job = nil
	return nil
}

// mark writes down that the open day is posted up to end, and what that comes to.
func (p *poster) mark(end int64) error {
	day, next := p.job.day, p.now
	next.posted = end
	var err error
	if next.sum, err = p.v.book.Sum(day, p.now.sum, p.now.posted, end); err != nil {
		return err
	}
	want, check := uint32(0), p.last != nil && p.last.end == end
	switch {
	case check:
		next.tail = end - int64(len(p.last.line)) - 1
		want = crc32.Update(crc32.Checksum([]byte(p.last.line), castagnoli()), castagnoli(), []byte("\n"))
	case end > p.now.posted: // a damaged line is the last one: all that is new stands for it
		next.tail = p.now.posted
	}
	if next.tailSum, err = p.v.book.Sum(day, 0, next.tail, end); err != nil {
		return err
	}
	if check && want != next.tailSum {
		return fmt.Errorf("%s: %w", day, errReplaced)
	}
	if err := next.write(p.c, day); err != nil {
		return err
	}
	if err := p.v.at("cursor"); err != nil {
		return err
	}
	p.now = next
	p.pending = append(p.pending, committed{day, next})
	return p.fig.write(p.c)
}

// commit ends the transaction.
func (p *poster) commit() error {
	err := p.v.at("commit")
	if err == nil {
		err = p.c.exec("COMMIT")
	}
	if err == nil {
		err = p.v.at("committed")
	}
	if err != nil {
		return err
	}
	for _, k := range p.pending {
		p.v.cursors[k.day], p.v.looked[k.day] = k.cursor, true
	}
	if p.fig != nil {
		p.fig.written()
		p.v.open = p.fig
	}
	p.done.add(p.more)
	p.more, p.pending, p.rows, p.bytes = Summary{}, p.pending[:0], 0, 0
	return nil
}
