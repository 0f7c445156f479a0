package daybook

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRefusals has a case for each rule of docs/format.md: who breaks it is told which member and which rule.
func TestRefusals(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64)
	for _, c := range []struct{ name, line, member, rule string }{
		{"no object", `[1]`, "", "must be a JSON object"},
		{"a word", `hello`, "", "must be a JSON object"},
		{"nothing", ``, "", "must be a JSON object"},
		{"two objects", `{}{}`, "", "nothing may follow"},
		{"truncated", `{"a":{"b":"c`, "a.b", "not closed"},
		{"trailing comma", `{"a":1,}`, "", "member name in double quotes"},
		{"no colon", `{"a" 1}`, "a", "':' must follow"},
		{"no comma", `{"a":1 "b":2}`, "", "',' or '}'"},
		{"no comma in an array", `{"a":[1 2]}`, "a", "',' or ']'"},
		{"single quotes", `{'a':1}`, "", "member name in double quotes"},
		{"invalid UTF-8", "{\"a\":\"x\xff\"}", "a", "valid UTF-8"},
		{"half a character", "{\"a\":\"\xe5\xad\"}", "a", "valid UTF-8"},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", "a", "valid UTF-8"},
		{"member twice", `{"a":1,"b":2,"a":3}`, "a", "only once"},
		{"member twice below", `{"a":{"b":[{"c":1,"c":1}]}}`, "a.b.c", "only once"},
		{"member twice by escape", `{"a":1,"\u0061":2}`, "a", "only once"},
		{"event_id twice", `{"event_id":"a","event_id":"a"}`, "event_id", "only once"},
		{"NaN", `{"a":NaN}`, "a", "NaN and Infinity"},
		{"Infinity", `{"a":[1,Infinity]}`, "a", "NaN and Infinity"},
		{"-Infinity", `{"a":-Infinity}`, "a", "NaN and Infinity"},
		{"leading zero", `{"a":01}`, "a", "begin with 0"},
		{"no digit after the point", `{"a":1.}`, "a", "decimal point"},
		{"no exponent", `{"a":1e}`, "a", "exponent"},
		{"plus", `{"a":+1}`, "a", "JSON value"},
		{"bad escape", `{"a":"\x41"}`, "a", "escape"},
		{"raw control character", "{\"a\":\"b\tc\"}", "a", "control characters"},
		{"too deep", `{"a":` + deep + `}`, strings.TrimSuffix(strings.Repeat("a.", 64), "."), "64 deep"},
		{"event_id no string", `{"event_id":5}`, "event_id", "string"},
		{"event_id null", `{"event_id":null}`, "event_id", "string"},
		{"event_id empty", `{"event_id":""}`, "event_id", "1 to 256"},
		{"event_id with half a surrogate pair", `{"event_id":"a\ud800"}`, "event_id", "surrogate"},
		{"event_id too long", `{"event_id":"` + strings.Repeat("x", 257) + `"}`, "event_id", "1 to 256"},
		{"timestamp no string", `{"timestamp":1762612335}`, "timestamp", "string"},
		{"timestamp no time", `{"timestamp":"yesterday"}`, "timestamp", "RFC 3339"},
		{"no such day", `{"timestamp":"2025-02-29T00:00:00Z"}`, "timestamp", "no day 2025-02-29"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseEvent([]byte(c.line))
			var rule *RuleError
			if !errors.As(err, &rule) || rule.Member != c.member || !strings.Contains(rule.Rule, c.rule) {
				t.Errorf("got %v, want member %q and a rule with %q", err, c.member, c.rule)
			}
		})
	}
}

// TestRefusalsOfTheBook has those that only a Book can make.
func TestRefusalsOfTheBook(t *testing.T) {
	now := time.Date(2025, 11, 8, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, line, member, rule string
		rules                    Rules
	}{
		{"a day ahead", `{"timestamp":"2025-11-09T12:00:01Z"}`, "timestamp", "ahead of the clock", RulesNone},
		{"too long", `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, "", "1048576 are allowed", RulesNone},
		{"no canvas_id", `{"timestamp":"2025-11-08T00:00:00Z","event_type":"x","details":{}}`, "canvas_id", "missing", RulesVault},
		{"canvas_id no string", `{"timestamp":"2025-11-08T00:00:00Z","canvas_id":1,"event_type":"x","details":{}}`, "canvas_id", "string", RulesVault},
		{"no event_type", `{"timestamp":"2025-11-08T00:00:00Z","canvas_id":"a","details":{}}`, "event_type", "missing", RulesVault},
		{"no details", `{"timestamp":"2025-11-08T00:00:00Z","canvas_id":"a","event_type":"x"}`, "details", "missing", RulesVault},
		{"details no object", `{"timestamp":"2025-11-08T00:00:00Z","canvas_id":"a","event_type":"x","details":"{}"}`, "details", "object", RulesVault},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			b := open(t, dir, &Options{Now: func() time.Time { return now }, Settings: &Settings{Rules: c.rules}})
			_, err := b.Append(t.Context(), parse(t, c.line))
			var rule *RuleError
			if !errors.As(err, &rule) || rule.Member != c.member || !strings.Contains(rule.Rule, c.rule) {
				t.Errorf("got %v, want member %q and a rule with %q", err, c.member, c.rule)
			}
			if days, err := b.Days(); len(days) > 0 || err != nil {
				t.Errorf("a refused event left days %v, %v", days, err)
			}
		})
	}
	b := open(t, t.TempDir(), &Options{Now: func() time.Time { return now }, Settings: &Settings{Rules: RulesVault}})
	mustAppend(t, b, `{"timestamp":"2025-11-09T12:00:00Z","canvas_id":"a","event_type":"x","details":{}}`)
	if _, err := b.Append(t.Context(), Event{}); err == nil {
		t.Error("the zero Event was stored")
	}
}

// TestStoredForm shows what becomes of an event's spelling.
func TestStoredForm(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"order", `{"b":1,"timestamp":"2025-11-08T00:00:00Z","a":2,"event_id":"x"}`, `{"event_id":"x","timestamp":"2025-11-08T00:00:00Z","b":1,"a":2}`},
		{"numbers", `{"event_id":"x","timestamp":"2025-11-08T00:00:00Z","n":[0.870,1e3,-0,1E+2,12345678901234567890.10]}`, ``},
		{"strings", `{"event_id":"x","timestamp":"2025-11-08T00:00:00Z","s":"<a href=\"\/\">\u00e9é\ud83d ` + "\u2028\U0001F600" + `"}`, ``},
		{"white space", "\t{ \"event_id\" :\r\n\"x\" , \"timestamp\":\"2025-11-08T00:00:00Z\",\"a\":[ 1 , { } ] } ", `{"event_id":"x","timestamp":"2025-11-08T00:00:00Z","a":[1,{}]}`},
		{"escaped names", `{"event\u005fid":"x","timestam\u0070":"2025-11-08T00:00:00Z"}`, `{"event_id":"x","timestamp":"2025-11-08T00:00:00Z"}`},
		{"escaped id", `{"event_id":"\u0078","timestamp":"2025-11-08T00:00:00Z"}`, ``},
		{"naive", `{"event_id":"x","timestamp":"2025-07-08T00:00:00.5"}`, `{"event_id":"x","timestamp":"2025-07-08T00:00:00.5+02:00"}`},
		{"offset kept", `{"event_id":"x","timestamp":"2025-07-08t00:00:00-00:00"}`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			b := open(t, dir, &Options{Settings: &Settings{Zone: "Europe/Berlin"}})
			pos := mustAppend(t, b, c.line)
			want := c.want
			if want == "" {
				want = c.line
			}
			if got := dayFile(t, dir, pos.Day.String()); got != want+"\n" {
				t.Errorf("stored\n got %s want %s", got, want)
			}
			for e, err := range b.Events(t.Context(), Query{}) {
				if err != nil || string(e.Line()) != want || e.ID() != "x" {
					t.Errorf("read back: got %s (id %q), %v", e, e.ID(), err)
				}
			}
		})
	}
}

func TestGivenMembers(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	b := open(t, dir, &Options{Settings: &Settings{Zone: "Asia/Kathmandu"}})
	mustAppend(t, b, `{"a":1}`)
	for e, err := range b.Events(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if id := e.ID(); len(id) != 40 || !strings.HasPrefix(id, "evt_") || id[18] != '7' {
			t.Errorf("given id: got %q, want evt_ and a UUIDv7", id)
		}
		if d := e.Time().Sub(now); d < -time.Millisecond || d > time.Minute || !strings.Contains(e.String(), `+05:45","a":1}`) {
			t.Errorf("given timestamp: %s is %v from now", e, d)
		}
	}
}

func TestWhichDay(t *testing.T) {
	for _, c := range []struct{ zone, timestamp, day, stored string }{
		{"UTC", "2025-11-08T23:59:59.999999999Z", "2025-11-08", ""},
		{"UTC", "2025-11-09T00:59:59+01:00", "2025-11-08", ""}, // one instant, three spellings, one day
		{"UTC", "2025-11-08T18:29:59-05:30", "2025-11-08", ""},
		{"UTC", "2025-11-08T23:59:59Z", "2025-11-08", ""},
		{"Europe/Berlin", "2025-11-08T23:30:00Z", "2025-11-09", ""},
		{"America/New_York", "2025-11-08T02:00:00Z", "2025-11-07", ""},
		{"UTC", "2016-12-31T23:59:60Z", "2016-12-31", ""},                                   // a leap second
		{"Europe/Berlin", "2025-03-30T02:30:00", "2025-03-30", "2025-03-30T02:30:00+01:00"}, // never shown
		{"Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26", "2025-10-26T02:30:00+02:00"}, // shown twice: the first
		{"Africa/Cairo", "2025-04-25T00:30:00", "2025-04-25", "2025-04-25T00:30:00+02:00"},  // no midnight
		{"America/Santiago", "2025-09-07T00:00:00", "2025-09-07", "2025-09-07T00:00:00-04:00"},
		{"Pacific/Apia", "2011-12-31T00:00:00", "2011-12-31", "2011-12-31T00:00:00+14:00"},    // the day after one that was left out
		{"Africa/Monrovia", "1950-01-01T00:00:00", "1950-01-01", "1950-01-01T00:00:00-00:45"}, // offset 44 min 30 s
	} {
		t.Run(c.zone+" "+c.timestamp, func(t *testing.T) {
			dir := t.TempDir()
			b := open(t, dir, &Options{Settings: &Settings{Zone: c.zone}})
			pos := mustAppend(t, b, fmt.Sprintf(`{"event_id":"x","timestamp":%q}`, c.timestamp))
			if got := pos.Day.String(); got != c.day {
				t.Errorf("day: got %s, want %s", got, c.day)
			}
			if c.stored == "" {
				c.stored = c.timestamp
			}
			if got, want := dayFile(t, dir, pos.Day.String()), fmt.Sprintf(`{"event_id":"x","timestamp":%q}`+"\n", c.stored); got != want {
				t.Errorf("stored: got %s want %s", got, want)
			}
			for f, err := range b.Verify(t.Context(), Query{}) {
				t.Errorf("verify: %v, %v", f, err)
			}
		})
	}
}

func TestTimestampRefusals(t *testing.T) {
	for _, s := range []string{
		"", "2025-11-08", "2025-11-08T14:32", "2025-11-08 14:32:15Z", "2025-11-08T14:32:15.Z", "2025-11-08T24:00:00Z",
		"2025-11-08T14:60:00Z", "2025-11-08T14:32:61Z", "2025-11-08T14:32:60Z", "2025-11-08T14:32:15+1:00", "2025-11-08T14:32:15+01",
		"2025-11-08T14:32:15+24:00", "2025-13-08T14:32:15Z", "2025-00-08T14:32:15Z", "2025-11-31T14:32:15Z", "+2025-11-08T14:32:15Z",
		"2025-11-08T14:32:60", "2016-12-31T23:59:60", "2025-11-08T14:32:15ZZ", "2025-11-08T14:32:15,5Z", "２025-11-08T14:32:15Z", "2025-11-08T14:32:15 +01:00",
	} {
		if got, _, err := parseTimestamp([]byte(s)); err == nil {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

func TestDay(t *testing.T) {
	for _, s := range []string{"2025-11-08", "0000-01-01", "9999-12-31", "2024-02-29"} {
		d, err := ParseDay(s)
		if err != nil || d.String() != s {
			t.Errorf("ParseDay(%q).String(): got %q, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "2025-11-8", "2025-02-29", "20251108", "2025-11-08T", "today", "-025-01-01"} {
		if d, err := ParseDay(s); err == nil {
			t.Errorf("ParseDay(%q): got %v", s, d)
		}
	}
	for zone, starts := range map[string]map[string]string{
		"Europe/Berlin": {"2025-03-30": "00:00:00 +0100"}, "Africa/Cairo": {"2025-04-25": "01:00:00 +0300"},
		"America/Santiago": {"2025-09-07": "01:00:00 -0300", "2025-04-06": "00:00:00 -0400"},
		"America/Havana":   {"2025-11-02": "00:00:00 -0400", "2025-03-09": "01:00:00 -0400"},
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for day, want := range starts {
			d, _ := ParseDay(day)
			start := d.Start(loc)
			if got := start.Format("15:04:05 -0700"); got != want || DayOf(start) != d || DayOf(start.Add(-1)) != d.Add(-1) {
				t.Errorf("%s in %s starts: got %s, want %s", day, zone, got, want)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("TZ", "Asia/Tokyo")
	root := t.TempDir()
	vault := filepath.Join(root, VaultDir)
	got := open(t, vault, nil).Settings()
	if got.Zone != "Asia/Tokyo" || got.Rules != RulesVault || fmt.Sprint(got.Views) != "[session]" || got.Write != "append" || got.Format != 1 {
		t.Errorf("a vault's defaults: got %+v", got)
	}
	other := filepath.Join(root, "other")
	if got := open(t, other, nil).Settings(); got.Zone != "UTC" || got.Rules != RulesNone || len(got.Views) != 0 {
		t.Errorf("other defaults: got %+v", got)
	}
	if got := open(t, other, &Options{Settings: &Settings{Zone: "Europe/Berlin"}}).Settings(); got.Zone != "UTC" {
		t.Errorf("settings are written once: got %+v", got)
	}
	for name, c := range map[string]struct {
		settings Settings
		want     string
	}{
		"ledger":        {Settings{Views: []string{"ledger"}}, "<nil>"}, // no vault's book
		"compressed":    {Settings{Retire: &Retention{AfterDays: 30}}, "&{30 compress 0}"},
		"never":         {Settings{Retire: &Retention{Keep: KeepNothing}}, "<nil>"},
		"1/" + VaultDir: {Settings{Views: []string{"session"}}, "<nil>"},
		"2/" + VaultDir: {Settings{Views: []string{"session", "ledger"}}, "&{7 compress 0}"},
		"3/" + VaultDir: {Settings{Views: []string{"ledger"}, Retire: &Retention{}}, "<nil>"},
		"4/" + VaultDir: {Settings{Retire: &Retention{1, KeepNothing, 1000}}, "&{1 delete 1000}"},
	} {
		dir := filepath.Join(root, "retire", filepath.FromSlash(name))
		for _, settings := range []*Settings{&c.settings, nil} { // made, and there
			if got := fmt.Sprint(open(t, dir, &Options{Settings: settings}).Settings().Retire); got != c.want {
				t.Errorf("%s retires %s, want %s", name, got, c.want)
			}
		}
	}
	if _, err := Open(filepath.Join(root, "none"), &Options{MustExist: true}); !errors.Is(err, ErrNoBook) {
		t.Errorf("MustExist without a book: got %v, want ErrNoBook", err)
	}
	for name, c := range map[string]struct{ contents, want string }{
		"newer":          {`{"format":2,"something":"new"}`, "format version 2, this program knows versions up to 1"},
		"damaged":        {`{"format":1,`, "damaged"},
		"empty":          {``, "damaged"},
		"no version":     {`{"zone":"UTC"}`, "damaged"},
		"unknown member": {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","colour":1}`, "unknown member"},
		"another case":   {`{"format":1,"zone":"UTC","ZONE":"Europe/Berlin","rules":"none","views":[],"write":"append"}`, "unknown member"},
		"member twice":   {`{"format":1,"zone":"UTC","zone":"Europe/Berlin","rules":"none","views":[],"write":"append"}`, "only once"},
		"unknown zone":   {`{"format":1,"zone":"Mars/Olympus","rules":"none","views":[],"write":"append"}`, "Mars/Olympus"},
		"local":          {`{"format":1,"zone":"Local","rules":"none","views":[],"write":"append"}`, "IANA"},
		"unknown rules":  {`{"format":1,"zone":"UTC","rules":"all","views":[],"write":"append"}`, `rules: "all"`},
		"unknown mode":   {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"sideways"}`, `write: "sideways"`},
		"retire nothing": {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":null}`, "retire: "},
		"retire today":   {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":{"after_days":0,"keep":"keep"}}`, "after_days: 0"},
		"retire how":     {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":{"after_days":7}}`, "retire: keep: "},
		"retire size":    {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":{"after_days":7,"keep":"keep","max_bytes":-1}}`, "max_bytes: -1"},
		"retire more":    {`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":{"after_days":7,"keep":"keep","KEEP":"delete"}}`, `retire: unknown member "KEEP"`},
	} {
		dir := t.TempDir()
		writeSettings(t, dir, c.contents)
		_, err := Open(dir, nil)
		var settings *SettingsError
		if !errors.As(err, &settings) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want a SettingsError with %q", name, err, c.want)
		}
	}
}

func TestManyDaysInTurns(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, &Options{Sync: SyncNone})
	start := Day{year: 2020, month: 1, day: 1}
	for round := range 3 {
		for i := range maxOpenDays + 10 {
			mustAppend(t, b, fmt.Sprintf(`{"event_id":"%d-%d","timestamp":"%sT12:00:00Z"}`, round, i, start.Add(i)))
		}
	}
	if n := len(b.writer.days); n > maxOpenDays {
		t.Errorf("%d days are open, %d may be", n, maxOpenDays)
	}
	n := 0
	for _, err := range b.Events(t.Context(), Query{From: start.Add(1), To: start.Add(100)}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 300 {
		t.Errorf("100 days of 3 events: got %d", n)
	}
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	a, other := lineOf("a"), strings.Replace(lineOf("a"), `"n":1`, `"n":2`, 1)
	wrong := strings.Replace(lineOf("w"), "1999-11-08", "1999-11-09", 1)
	contents := strings.Join([]string{a, "", "\xef\xbb\xbf" + lineOf("bom"), lineOf("b") + "\r", a, other, wrong, `{"event_id":"c"}`, lineOf("z")[:20]}, "\n")
	name := writeDay(t, dir, contents)
	var got []string
	for f, err := range b.Verify(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if f.File != name {
			t.Errorf("file: got %s", f.File)
		}
		piece := contents[f.Offset : f.Offset+f.Length]
		if at := strings.Count(contents[:f.Offset], "\n") + 1; at != f.Line {
			t.Errorf("line: got %d, want %d", f.Line, at)
		}
		got = append(got, fmt.Sprintf("%s %.12q", f.Problem, piece))
	}
	want := []string{
		`damaged "\n"`, `damaged "\ufeff{\"event_id\""`, `twice "{\"event_id\":"`, `conflict "{\"event_id\":"`,
		`wrong_day "{\"event_id\":"`, `damaged "{\"event_id\":"`, `unfinished "{\"event_id\":"`,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("findings\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if dayFile(t, dir, testDay) != contents {
		t.Error("verify has changed the file")
	}
}
