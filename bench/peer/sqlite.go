package peer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"daybook/bench/event"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// SQLite is SQLite with a write-ahead log and one transaction for each event: synchronous=FULL if it is to be durable,
// else OFF.
func SQLite() Kind {
	return Kind{Name: "sqlite", Open: func(dir string, c Config) (Log, error) {
		mode := 0
		if c.Sync {
			mode = 2
		}
		return OpenSQLite(filepath.Join(dir, "events.db"), mode)
	}}
}

// SQLiteLog is a Log of SQLite's: a table events with event_id, timestamp, camera_id and line, the event as JSON without
// a newline.
type SQLiteLog struct {
	db     *sql.DB
	insert *sql.Stmt
	events []event.Event
}

const insertEvent = `INSERT INTO events (event_id, timestamp, camera_id, line) VALUES (?, ?, ?, ?)`

// OpenSQLite makes a database with the given mode of synchronous: 0 is OFF, 2 is FULL. All appends go through one
// connection, since SQLite has one writer at a time.
func OpenSQLite(name string, synchronous int) (*SQLiteLog, error) {
	pragmas := fmt.Sprintf("_pragma=journal_mode(wal)&_pragma=synchronous(%d)", synchronous)
	db, err := sql.Open("sqlite", "file:"+name+"?"+pragmas)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(1)
	l := &SQLiteLog{db: db}
	if err := l.prepare(synchronous); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

// prepare makes the table, and reads back what the connection was told: a setting that is not known is ignored.
func (l *SQLiteLog) prepare(synchronous int) error {
	var journal string
	var mode int
	if err := l.db.QueryRow("PRAGMA journal_mode").Scan(&journal); err != nil {
		return fmt.Errorf("read journal_mode: %w", err)
	}
	if err := l.db.QueryRow("PRAGMA synchronous").Scan(&mode); err != nil {
		return fmt.Errorf("read synchronous: %w", err)
	}
	if journal != "wal" || mode != synchronous {
		return fmt.Errorf("SQLite has journal_mode %s and synchronous %d", journal, mode)
	}
	_, err := l.db.Exec(`CREATE TABLE events (
		event_id TEXT PRIMARY KEY, timestamp TEXT NOT NULL, camera_id TEXT NOT NULL, line TEXT NOT NULL)`)
	if err != nil {
		return fmt.Errorf("make the table: %w", err)
	}
	if l.insert, err = l.db.Prepare(insertEvent); err != nil {
		return fmt.Errorf("prepare the statement: %w", err)
	}
	return nil
}

// Fill inserts events in one transaction.
func (l *SQLiteLog) Fill(events []event.Event) error {
	tx, err := l.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	insert := tx.Stmt(l.insert)
	for _, e := range events {
		if _, err := insert.Exec(e.ID, e.Timestamp, e.CameraID, string(e.Line[:len(e.Line)-1])); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// Prepare is Log's.
func (l *SQLiteLog) Prepare(events []event.Event) error {
	l.events = events
	return nil
}

// Append is Log's.
func (l *SQLiteLog) Append(i int) error {
	e := &l.events[i]
	_, err := l.insert.Exec(e.ID, e.Timestamp, e.CameraID, string(e.Line[:len(e.Line)-1]))
	return err
}

// Close is Log's. It moves the write-ahead log into the database.
func (l *SQLiteLog) Close() error { return errors.Join(l.insert.Close(), l.db.Close()) }
