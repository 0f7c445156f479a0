package canvas_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"daybook/canvas"
)

// largeBoard writes a board of n text nodes as Obsidian does; size is about how many bytes of text each has.
func largeBoard(n, size int, edit func(i int) (color int, x int)) []byte {
	var out bytes.Buffer
	text := strings.Repeat(`Fourier \"変換\" and the line\nthat follows `, size/44+1)
	out.WriteString("{\n\t\"nodes\":[\n")
	for i := range n {
		color, x := edit(i)
		out.WriteString("\t\t")
		fmt.Fprintf(&out, `{"id":"%016x","type":"text","text":"%s","x":%d,"y":-200,"width":250,"height":60,"color":"%d"}`,
			i*7919, text, x, color)
		if i < n-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("\t],\n\t\"edges\":[\n\t\t{\"id\":\"e\",\"fromNode\":\"a\",\"toNode\":\"b\"}\n\t]\n}")
	return out.Bytes()
}

func unedited(i int) (color, x int) { return i % 7, i * 10 }

func TestFiveThousandNodes(t *testing.T) {
	old := board(t, string(largeBoard(5000, 900, unedited)))
	new := board(t, string(largeBoard(5000, 900, func(i int) (color, x int) {
		if i%1000 == 0 {
			return 8, i * 10
		}
		return i % 7, i * 10
	})))
	if got, want := len(canvas.Diff(old, new)), 5; got != want {
		t.Errorf("got %d changes, want %d", got, want)
	}
	checkApply(t, old, new)
}

// TestManyTinyNodes takes minutes if anything is quadratic: 100,000 nodes without an id, and 100,000 of one id, all of
// them changed.
func TestManyTinyNodes(t *testing.T) {
	const n = 100_000
	for _, node := range []string{`{"x":%d}`, `{"id":"a","x":%d}`} {
		write := func(from int) string {
			var out strings.Builder
			out.WriteString(`{"nodes":[`)
			for i := range n {
				if i > 0 {
					out.WriteByte(',')
				}
				fmt.Fprintf(&out, node, from+i)
			}
			return out.String() + "]}"
		}
		old, new := board(t, write(0)), board(t, write(n))
		if got := len(canvas.Diff(old, new)); got != n {
			t.Errorf("got %d changes, want %d", got, n)
		}
		checkApply(t, old, new)
		checkApply(t, old, &canvas.Board{})
	}
}

// TestWideObjects is the same for members: one node of 100,000 members, each of them twice.
func TestWideObjects(t *testing.T) {
	const n = 100_000
	write := func(v int) string {
		var out strings.Builder
		out.WriteString(`{"nodes":[{"id":"a"`)
		for i := range 2 * n {
			fmt.Fprintf(&out, `,"m%d":%d`, i%n, v)
		}
		return out.String() + "}]}"
	}
	old, new := board(t, write(1)), board(t, write(2))
	changes := canvas.Diff(old, new)
	if len(changes) != 1 || len(changes[0].Members) != n {
		t.Fatalf("got %d changes, want one of %d members", len(changes), n)
	}
	checkApply(t, old, new)
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ nodes, text int }{{200, 100}, {5000, 100}, {5000, 900}} {
		data := largeBoard(c.nodes, c.text, unedited)
		b.Run(fmt.Sprintf("nodes=%d/KB=%d", c.nodes, len(data)/1000), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := canvas.Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDiff(b *testing.B) {
	oneEdited := func(i int) (color, x int) {
		if i == 100 {
			return 8, -1
		}
		return unedited(i)
	}
	allMoved := func(i int) (color, x int) { return i % 7, i*10 + 1 }
	for _, nodes := range []int{200, 5000} {
		old := board(b, string(largeBoard(nodes, 100, unedited)))
		for _, c := range []struct {
			name string
			edit func(int) (int, int)
		}{{"one edited", oneEdited}, {"all moved", allMoved}} {
			new := board(b, string(largeBoard(nodes, 100, c.edit)))
			b.Run(fmt.Sprintf("nodes=%d/%s", nodes, c.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					canvas.Diff(old, new)
				}
			})
		}
	}
}

func BenchmarkHash(b *testing.B) {
	board := board(b, string(largeBoard(5000, 900, unedited)))
	for b.Loop() {
		board.Hash()
	}
}
