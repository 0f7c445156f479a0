package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	sqlite "modernc.org/sqlite"
)

// conn is a connection to a database: one goroutine's at a time. It goes around database/sql, whose pool and conversions
// cost more than half of an insertion. Where it waits for others, or works for long, it ends with its context.
type conn struct {
	ctx  context.Context // of the call that opened it, which it does not outlive
	file string
	c    driver.Conn
}

// open opens a database file that was looked at; options is what follows the question mark in SQLite's URI.
func open(ctx context.Context, file, options string, found looked) (*conn, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if err := registerVFS(); err != nil {
		return nil, err
	}
	if found.sums {
		options += "&vfs=" + checkedVFS
	}
	d := &sqlite.Driver{} // one of our own, so that the function is known to our connections only
	err := d.RegisterDeterministicScalarFunction("phrase", 1, phrase)
	if err != nil {
		return nil, err
	}
	c, err := d.Open(uri(file) + "?" + options)
	if err != nil {
		return nil, explain(file, err)
	}
	return &conn{ctx, file, c}, nil
}

// uri returns a path as SQLite's URI: in a name ? and # would begin something else, and % would be the beginning of a byte.
func uri(file string) string {
	var b strings.Builder
	b.WriteString("file:")
	if len(file) > 1 && file[1] == ':' { // C:\book
		b.WriteByte('/')
	}
	for i := range len(file) {
		switch c := file[i]; c {
		case '?', '#', '%':
			fmt.Fprintf(&b, "%%%02X", c)
		case '\\':
			if file[0] == '/' {
				b.WriteString("%5C")
			} else {
				b.WriteByte('/')
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// phrase is phrase(text) in SQL: what finds text, whatever it is, by texts MATCH phrase(text).
func phrase(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, errors.New("phrase() takes a text")
	}
	return quoted(s), nil
}

func (c *conn) close() error { return c.c.Close() }

// explain says what an error means: the context's cause if it ended something.
func (c *conn) explain(err error) error {
	if cause := context.Cause(c.ctx); cause != nil && (codeOf(err) == sqliteStopped || codeOf(err) == sqliteBusy || errors.Is(err, c.ctx.Err())) {
		return cause
	}
	return explain(c.file, err)
}

// damaged is what a row says that Daybook would not have written.
func (c *conn) damaged(format string, args ...any) error {
	return &Error{c.file, Damaged, "the database is damaged: " + fmt.Sprintf(format, args...), nil}
}

// patiently calls f until the database is not busy any more, for busyTimeout at most. SQLite's own waiting ends with no context.
func (c *conn) patiently(f func() error) error {
	for began, pause := time.Now(), time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := f()
		if codeOf(err) != sqliteBusy || time.Since(began) > busyTimeout {
			return c.explain(err)
		}
		select {
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		case <-time.After(pause):
		}
	}
}

// exec runs a statement, or several of one transaction.
func (c *conn) exec(query string, args ...any) error {
	return c.patiently(func() error {
		_, err := c.c.(driver.ExecerContext).ExecContext(c.ctx, query, named(args))
		return err
	})
}

// rollback takes back what a transaction did, also after the context has ended.
func (c *conn) rollback() error {
	_, err := c.c.(driver.ExecerContext).ExecContext(context.WithoutCancel(c.ctx), "ROLLBACK", nil)
	return explain(c.file, err)
}

// each calls f with each row; its values are valid until f returns.
func (c *conn) each(query string, args []any, f func(values []driver.Value) error) error {
	r, err := c.read(query, args...)
	if err != nil {
		return err
	}
	defer r.rows.Close() // nothing is written by it
	for ; !r.ended && err == nil; err = r.next() {
		if err := f(r.values); err != nil {
			return err
		}
	}
	return err
}

// value returns the one value that a query yields, nil if it yields none.
func (c *conn) value(query string, args ...any) (v driver.Value, err error) {
	err = c.each(query, args, func(values []driver.Value) error {
		v = values[0]
		return nil
	})
	return v, err
}

// stmt is a prepared statement.
type stmt struct {
	file string
	s    driver.Stmt
	args []driver.NamedValue
}

func (c *conn) prepare(query string) (*stmt, error) {
	s, err := c.c.(driver.ConnPrepareContext).PrepareContext(context.Background(), query)
	if err != nil {
		return nil, explain(c.file, err)
	}
	return &stmt{file: c.file, s: s}, nil
}

func (s *stmt) run(args ...any) error {
	s.args = s.args[:0]
	for i, v := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	_, err := s.s.(driver.StmtExecContext).ExecContext(context.Background(), s.args)
	return explain(s.file, err)
}

func named(args []any) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, v := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}

// readRows reads the rows of a query one after the other.
type readRows struct {
	c      *conn
	rows   driver.Rows
	values []driver.Value
	ended  bool
}

// read begins a query, and reads its first row.
func (c *conn) read(query string, args ...any) (r *readRows, err error) {
	err = c.patiently(func() error {
		rows, err := c.c.(driver.QueryerContext).QueryContext(c.ctx, query, named(args))
		if err != nil {
			return err
		}
		r = &readRows{c: c, rows: rows, values: make([]driver.Value, len(rows.Columns()))}
		if err = r.step(); err != nil {
			rows.Close() // nothing was written by it
		}
		return err
	})
	return r, err
}

// next reads the next row.
func (r *readRows) next() error { return r.c.explain(r.step()) }

func (r *readRows) step() error {
	if err := context.Cause(r.c.ctx); err != nil {
		return err
	}
	err := r.rows.Next(r.values)
	if err == io.EOF {
		r.ended = true
		return nil
	}
	return err
}

// id returns the first column of the row, which is an id; behind all others if there are no more rows.
func (r *readRows) id() int64 {
	if r.ended {
		return 1<<63 - 1
	}
	id, _ := r.values[0].(int64)
	return id
}
