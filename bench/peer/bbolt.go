package peer

import (
	"errors"
	"fmt"
	"path/filepath"

	"daybook/bench/event"

	"go.etcd.io/bbolt"
)

// BoltUpdate is bbolt with one transaction for each event.
func BoltUpdate() Kind {
	return Kind{Name: "bbolt-update", Open: func(dir string, c Config) (Log, error) {
		return openBolt(dir, c, (*bbolt.DB).Update)
	}}
}

// BoltBatch is bbolt as it is meant for many writers: they share transactions, which wait for further writers as long
// as bbolt's defaults say.
func BoltBatch() Kind {
	return Kind{Name: "bbolt-batch", Many: true, Open: func(dir string, c Config) (Log, error) {
		return openBolt(dir, c, (*bbolt.DB).Batch)
	}}
}

// BoltSized is BoltBatch with batches that are full, and do not wait any longer, when all writers have come.
func BoltSized() Kind {
	return Kind{Name: "bbolt-batch-sized", Many: true, Open: func(dir string, c Config) (Log, error) {
		l, err := openBolt(dir, c, (*bbolt.DB).Batch)
		if err == nil {
			l.(*bolt).db.MaxBatchSize = c.Writers
		}
		return l, err
	}}
}

// bolt is a Log of bbolt's: a bucket of lines by event_id.
type bolt struct {
	db     *bbolt.DB
	commit func(*bbolt.DB, func(*bbolt.Tx) error) error
	events []event.Event
}

func openBolt(dir string, c Config, commit func(*bbolt.DB, func(*bbolt.Tx) error) error) (Log, error) {
	db, err := bbolt.Open(filepath.Join(dir, "events.bolt"), 0o644, &bbolt.Options{NoSync: !c.Sync})
	if err != nil {
		return nil, fmt.Errorf("open bbolt: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(bucket())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a bucket: %w", err), db.Close())
	}
	return &bolt{db: db, commit: commit}, nil
}

func bucket() []byte { return []byte("events") }

func (b *bolt) Fill(events []event.Event) error {
	return b.db.Update(func(tx *bbolt.Tx) error {
		for _, e := range events {
			if err := put(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bolt) Prepare(events []event.Event) error {
	b.events = events
	return nil
}

func (b *bolt) Append(i int) error {
	return b.commit(b.db, func(tx *bbolt.Tx) error { return put(tx, b.events[i]) })
}

func put(tx *bbolt.Tx, e event.Event) error { return tx.Bucket(bucket()).Put([]byte(e.ID), e.Line) }

func (b *bolt) Close() error { return b.db.Close() }
