package vault

import (
	"encoding/json"
	"os"
	"testing"

	"daybook/canvas"
)

func parse(t testing.TB, data string) *canvas.Board {
	t.Helper()
	b, err := canvas.Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// member returns a string member of an event.
func member(t testing.TB, line, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(line), &all); err != nil {
		t.Fatal(err)
	}
	s, _ := all[name].(string)
	return s
}

// details returns the details of an event.
func details(t testing.TB, line string) map[string]any {
	t.Helper()
	var ev struct {
		Details map[string]any `json:"details"`
	}
	if err := json.Unmarshal([]byte(line), &ev); err != nil {
		t.Fatal(err)
	}
	return ev.Details
}

// rewrite changes the content of a file.
func rewrite(t testing.TB, name string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, change(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// everyCall is the step through the calls of an operation: 1, and with -short some of them.
func everyCall() int {
	if testing.Short() {
		return 11
	}
	return 1
}
