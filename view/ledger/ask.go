package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"daybook"
)

// QueryError is a query that is refused, or that SQLite does not understand.
type QueryError struct{ Reason string }

func (e *QueryError) Error() string { return e.Reason }

// readers are the words that a query that only reads begins with.
func readers() []string { return []string{"SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"} }

// Ask puts one query to the ledger of a book, as it is: nothing is posted. columns is called once with the names of the
// columns, then row with each row; its values are nil, int64, float64, string and []byte, valid until it returns. What would
// write is refused, by three means: the word that it begins with, the file, which is opened for reading only, and query_only.
// The error is a *QueryError, an *Error, one of columns' or row's, or ctx's.
func Ask(
	ctx context.Context, b *daybook.Book, query string, columns func(names []string) error, row func(values []any) error,
) (err error) {
	word, more := firstWord(query)
	switch {
	case word == "":
		return &QueryError{"there is no query"}
	case !slices.Contains(readers(), word):
		return &QueryError{word + " is refused: the ledger is only read"}
	case more:
		return &QueryError{"there are several statements: ask one at a time"}
	}
	c, err := openToRead(ctx, b.FS(), filepath.Join(b.Dir(), Name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	wrong := func(err error) error {
		switch codeOf(err) {
		case sqliteError, sqliteAuth:
			return &QueryError{strings.TrimSuffix(err.Error(), fmt.Sprintf(" (%d)", sqliteError))}
		case sqliteReadOnly:
			return &QueryError{"it is refused: the ledger is only read"}
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return c.explain(err)
	}
	rows, err := c.c.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return wrong(err)
	}
	defer rows.Close() // nothing is written by it
	names := rows.Columns()
	if err := columns(names); err != nil {
		return err
	}
	values, list := make([]driver.Value, len(names)), make([]any, len(names))
	for {
		err := rows.Next(values)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return wrong(err)
		}
		for i, v := range values {
			list[i] = v
		}
		if err := row(list); err != nil {
			return err
		}
	}
}

// firstWord returns the first word of a query, in capitals, and whether a second statement follows the first.
func firstWord(query string) (word string, more bool) {
	ended := false
	for at := 0; at < len(query); {
		n := tokenLen(query[at:])
		token := query[at : at+n]
		at += n
		switch c := token[0]; {
		case c <= ' ' || strings.HasPrefix(token, "--") || strings.HasPrefix(token, "/*"):
		case c == ';':
			ended = word != ""
		case ended:
			return word, true
		case word == "":
			word = strings.ToUpper(token)
		}
	}
	return word, false
}

// tokenLen returns the length of the part of SQL that s begins with: white space, a comment, a quoted text or name, a word, or
// one other character.
func tokenLen(s string) int {
	until := func(end string, from int) int {
		if i := strings.Index(s[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(s)
	}
	switch c := s[0]; {
	case strings.HasPrefix(s, "--"):
		return until("\n", 2)
	case strings.HasPrefix(s, "/*"):
		return until("*/", 2)
	case c == '\'' || c == '"' || c == '`': // a doubled quote is two texts side by side, which is as good
		return until(string(c), 1)
	case c == '[':
		return until("]", 1)
	}
	n := 0
	for n < len(s) && (s[n] == '_' || 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z') {
		n++
	}
	return max(1, n)
}
