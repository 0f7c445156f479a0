package table

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/parquet-go/parquet-go"
)

// A group of rows has at most so many rows, or bytes of values: so much is kept in memory.
const (
	groupRows  = 100_000
	groupBytes = 32 << 20
)

type parquetFile struct {
	w     *parquet.GenericWriter[any]
	out   io.Writer
	kinds []Kind
	row   parquet.Row
	group int // bytes of values that a group has at most
	rows  int // of the group that is open
	bytes int
}

// NewParquet returns a Writer of a Parquet file: every column optional, compressed by Zstandard. Text is a STRING, Int an
// INT64, Time a TIMESTAMP in microseconds of UTC, Date a DATE. What it writes to need not be seekable.
func NewParquet(w io.Writer) Writer { return &parquetFile{out: w, group: groupBytes} }

func (p *parquetFile) Columns(columns []Column) error {
	fields := make([]reflect.StructField, len(columns)) // a parquet.Group would have them in the order of their names
	for i, c := range columns {
		f := reflect.StructField{Name: fmt.Sprintf("C%d", i)}
		tag := c.Name + ",optional"
		switch c.Kind {
		case Text:
			f.Type = reflect.TypeFor[*string]()
		case Int:
			f.Type = reflect.TypeFor[*int64]()
		case Time:
			f.Type, tag = reflect.TypeFor[*int64](), tag+",timestamp(microsecond)"
		case Date:
			f.Type, tag = reflect.TypeFor[*int32](), tag+",date"
		default:
			return fmt.Errorf("the column %q may have anything: Parquet has no such columns", c.Name)
		}
		f.Tag = reflect.StructTag(fmt.Sprintf("parquet:%q", tag))
		fields[i] = f
		p.kinds = append(p.kinds, c.Kind)
	}
	schema := parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface())
	p.w = parquet.NewGenericWriter[any](p.out, schema, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("daybook", "", ""))
	return nil
}

func (p *parquetFile) Row(values []any) error {
	p.row = p.row[:0]
	for i, v := range values {
		of, n, err := parquetValue(v, p.kinds[i])
		if err != nil {
			return err
		}
		p.bytes += n
		p.row = append(p.row, of.Level(0, min(1, n), i))
	}
	if _, err := p.w.WriteRows([]parquet.Row{p.row}); err != nil {
		return err
	}
	if p.rows++; p.rows < groupRows && p.bytes < p.group {
		return nil
	}
	p.rows, p.bytes = 0, 0
	return p.w.Flush()
}

// parquetValue returns a value and its size, which is 0 for none.
func parquetValue(v any, kind Kind) (of parquet.Value, size int, err error) {
	switch v := v.(type) {
	case nil:
		return parquet.NullValue(), 0, nil
	case string:
		if kind == Text {
			v = validText(v)
			return parquet.ByteArrayValue([]byte(v)), len(v) + 1, nil
		}
	case int64:
		if kind == Int {
			return parquet.Int64Value(v), 8, nil
		}
	case time.Time:
		if kind == Time {
			return parquet.Int64Value(v.UnixMicro()), 8, nil
		}
		if kind == Date {
			y, m, d := v.Date()
			return parquet.Int32Value(int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)), 4, nil
		}
	}
	return of, 0, fmt.Errorf("a %T stands in a column that has none", v)
}

func (p *parquetFile) End() error {
	if p.w == nil {
		return errors.New("a Parquet file has columns")
	}
	return p.w.Close()
}
