package measure

import (
	"os/exec"
	"path/filepath"
	"strings"

	"daybook/bench/event"
)

// Library is one set of events as each program reads it.
type Library struct {
	Daybook string // the program
	Book    string // a book without views
	Vault   string // a book with as many events of boards, and their session document; "" if there is none
	SQLite  string // a database as peer.OpenSQLite makes it
}

// Tasks are what is measured of reading; without a Vault it is the filter only. A program that is missing, or is too old for a task, is skipped.
func (l Library) Tasks() []Task {
	day := filepath.Join(l.Book, event.Day, "events.json")
	ours := func(name string, answer func([]byte) string, args ...string) Command {
		c := Command{Name: "daybook " + name, Args: append([]string{l.Daybook}, args...), Answer: answer}
		if !l.has(args[0]) {
			c.Skip = "this daybook has no command " + args[0]
		}
		return c
	}
	const where = `SELECT line FROM events WHERE json_extract(line, '$.metadata.run') = 'special'`
	const reduce = `reduce inputs as $e ({}; .n += 1 | .first //= $e.timestamp | .last = $e.timestamp)`
	const sums = `SELECT count(*), min(timestamp), max(timestamp) FROM events`
	filter := Task{"filter", []Command{
		ours("query", Lines, "query", "--book", l.Book, "--where", "metadata.run=special"),
		theirs("grep", Text, "grep", "-c", `"run":"special"`, day),
		theirs("jq", Lines, "jq", "-c", `select(.metadata.run == "special")`, day),
		theirs("sqlite3", Lines, "sqlite3", l.SQLite, where),
	}}
	if l.Vault == "" {
		return []Task{filter}
	}
	return []Task{
		filter,
		{"statistics", []Command{
			ours("stats", nil, "stats", event.Day, "--book", l.Book),
			ours("stats, with a document", nil, "stats", event.Day, "--book", l.Vault),
			theirs("wc", nil, "wc", "-l", day),
			theirs("jq", nil, "jq", "-n", reduce, day),
			theirs("sqlite3", nil, "sqlite3", l.SQLite, sums),
		}},
		{"scan", []Command{
			ours("cat", nil, "cat", "--book", l.Book),
			ours("verify", nil, "verify", "--book", l.Book),
			theirs("cat", nil, "cat", day),
			theirs("jq", nil, "jq", "-c", ".", day),
			theirs("sqlite3", nil, "sqlite3", l.SQLite, "SELECT line FROM events"),
		}},
	}
}

// has reports whether our program has a subcommand.
func (l Library) has(subcommand string) bool {
	help, err := exec.Command(l.Daybook, "--help").Output()
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(help)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == subcommand {
			return true
		}
	}
	return false
}

func theirs(name string, answer func([]byte) string, args ...string) Command {
	c := Command{Name: name, Args: args, Answer: answer}
	if path, err := exec.LookPath(args[0]); err != nil {
		c.Skip = args[0] + " is not installed"
	} else {
		c.Args[0] = path
	}
	return c
}
