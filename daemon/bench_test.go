package daemon

import (
	"context"
	"fmt"
	"testing"
	"time"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/session"
)

// BenchmarkRetire retires 50 days of books of 100 and of 400 days: what it takes should be the same. Of the whole of both it should be
// in proportion.
func BenchmarkRetire(b *testing.B) {
	for _, keep := range []daybook.Keep{daybook.KeepPacked, daybook.KeepNothing} {
		for _, documents := range []bool{false, true} {
			for _, c := range []struct{ days, of int }{{50, 100}, {50, 400}, {100, 100}, {400, 400}} {
				b.Run(fmt.Sprintf("keep=%s/documents=%v/%d of %d", keep, documents, c.days, c.of), func(b *testing.B) {
					for b.Loop() {
						b.StopTimer()
						r, end := benchBook(b, c.of, documents, keep)
						days, err := r.All()
						try(b, err)
						b.StartTimer()
						for d, err := range r.Run(context.Background(), days[:min(len(days)-1, c.days)]) {
							try(b, err, d.Err)
						}
						b.StopTimer()
						end()
						b.StartTimer()
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(c.days), "µs/day")
				})
			}
		}
	}
}

// benchBook makes a book of many days that are posted.
func benchBook(b *testing.B, days int, documents bool, keep daybook.Keep) (r *Retirement, end func()) {
	b.Helper()
	settings := &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Views: []string{"session", "ledger"}, Retire: &daybook.Retention{}}
	opts := &daybook.Options{Sync: daybook.SyncNone, Settings: settings}
	r = &Retirement{Keep: keep}
	if documents {
		r.Documents = session.New(session.Options{})
		opts.Views = []daybook.View{r.Documents}
	}
	var err error
	r.Book, err = daybook.Open(b.TempDir(), opts)
	try(b, err)
	var events []daybook.Event
	for day := range days {
		at := time.Now().AddDate(0, 0, day-days-1).Format(time.DateOnly)
		for i := range 5 {
			e, err := daybook.ParseEvent([]byte(line(fmt.Sprint(day, "-", i), at)))
			try(b, err)
			events = append(events, e)
		}
	}
	for _, v := range r.Book.AppendAll(context.Background(), events) {
		try(b, v.Err)
	}
	r.Ledger = ledger.New(ledger.Options{})
	try(b, r.Ledger.Open(context.Background(), r.Book))
	_, err = r.Ledger.CatchUp(context.Background())
	try(b, err)
	return r, func() { try(b, r.Ledger.Close(), r.Book.Close()) }
}
