package vault

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// boardOf writes a board from a short notation: id[:colour[:text]] is a text node, id@x,y[:colour[:text]] one at a
// place, and a>b an edge.
func boardOf(items []string) string {
	nodes, edges := []string{}, []string{}
	for i, it := range items {
		if from, to, ok := strings.Cut(it, ">"); ok {
			edges = append(edges, fmt.Sprintf(`{"id":%q,"fromNode":%q,"toNode":%q}`, it, from, to))
			continue
		}
		parts := strings.SplitN(it, ":", 3)
		id, x, y := parts[0], strconv.Itoa(100*i), "0"
		if name, place, ok := strings.Cut(id, "@"); ok {
			id = name
			x, y, _ = strings.Cut(place, ",")
		}
		node := fmt.Sprintf(`{"id":%q,"type":"text","x":%s,"y":%s,"width":80,"height":40`, id, x, y)
		text := "card " + id
		if len(parts) > 2 {
			text = strings.ReplaceAll(parts[2], "_", " ")
		}
		node += fmt.Sprintf(`,"text":%q`, text)
		if len(parts) > 1 && parts[1] != "" {
			node += fmt.Sprintf(`,"color":%q`, parts[1])
		}
		nodes = append(nodes, node+"}")
	}
	return "{\n\t\"nodes\":[\n\t\t" + strings.Join(nodes, ",\n\t\t") + "\n\t],\n\t\"edges\":[\n\t\t" + strings.Join(edges, ",\n\t\t") + "\n\t]\n}"
}

// notation is an event in the short form of the scripts. Whatever comes by here has to keep the schema.
func notation(t *testing.T, line string) string {
	t.Helper()
	checkSchema(t, line)
	var ev struct {
		Canvas  string         `json:"canvas_id"`
		Type    string         `json:"event_type"`
		Details map[string]any `json:"details"`
	}
	if err := json.Unmarshal([]byte(line), &ev); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	d := ev.Details
	out := []string{ev.Canvas, ev.Type}
	for _, name := range []string{"node_id", "edge_id"} {
		if id, ok := d[name]; ok {
			out = append(out, fmt.Sprint(id))
		}
	}
	pair := func(old, new string) {
		if o, ok := d[old]; ok {
			out = append(out, fmt.Sprintf("%s>%s", show(o), show(d[new])))
		}
	}
	pair("old_color", "new_color")
	pair("old_text", "new_text")
	pair("old_text_length", "new_text_length")
	pair("old", "new")
	for _, name := range []string{"nodes", "edges"} {
		if n, ok := d[name]; ok {
			out = append(out, fmt.Sprintf("%s=%v", name, n))
		}
	}
	for _, name := range []string{"old_canvas_id", "reason"} {
		if v, ok := d[name]; ok {
			v, _, _ := strings.Cut(fmt.Sprint(v), ":") // what follows is the parser's
			out = append(out, strings.TrimPrefix(name, "old_canvas_")+"="+v)
		}
	}
	for _, name := range []string{"observed", "reverted", "shortened"} {
		switch v := d[name].(type) {
		case string:
			out = append(out, v)
		case bool:
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

func show(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		names := []string{}
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for i, name := range names {
			names[i] = fmt.Sprintf("%s:%v", name, v[name])
		}
		return strings.Join(names, ",")
	}
	return fmt.Sprint(v)
}
