package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"daybook"
	"daybook/internal/durable"
	"daybook/internal/printable"
	"daybook/source/vault"
)

// settings: daybook.json can be read and obeyed, and names no view that this program does not know.
func settings(_ context.Context, p *patient) {
	var wrong *daybook.SettingsError
	switch {
	case errors.Is(p.unread, daybook.ErrNoBook):
		p.bad("restore daybook.json from a copy; else `daybook init --zone ZONE --rules RULES` makes it, with the zone and the rules "+
			"that the days were written with; `daybook verify` then names events of other days",
			"there are days, and no daybook.json: nothing reads or writes the book until then")
		return
	case errors.As(p.unread, &wrong):
		p.bad("mend the file or bring it back from a copy; days, documents and ledger are not looked into until then", "%v", p.unread)
		return
	case p.unread != nil:
		p.bad("see who may read the book", "%v", p.unread)
		return
	}
	s := p.book.Settings()
	for _, v := range s.Views {
		if v != "session" && v != "ledger" {
			p.note("use the daybook that knows it, or take it out of daybook.json", "the view %q is not known to this program", v)
		}
	}
	views := strings.Join(s.Views, ", ")
	if views == "" {
		views = "none"
	}
	p.ok("zone %s, rules %s, views %s, write %s", s.Zone, s.Rules, views, s.Write)
}

// quick is how many days are read in any case. Others are if no commit mark vouches for them, up to so many bytes.
const (
	quick    = 3
	mostRead = 100_000_000
)

// days: a glance at each day, and a look into the last ones.
func days(ctx context.Context, p *patient) {
	if _, err := p.fsys.ReadDir(p.dir); err != nil {
		p.bad("see who may read the directory", "the book cannot be listed: %v", err)
		return
	}
	if p.book == nil {
		return
	}
	list, err := p.book.Days()
	if err != nil {
		p.bad("see who may read the directory", "%v", err)
		return
	}
	last := p.lastDays(quick)
	wrong, room := 0, int64(mostRead)
	var read []daybook.Day
	for _, day := range p.days {
		size, odd, ok := p.glance(day)
		if !ok {
			wrong++
			continue
		}
		if odd && room > size || slices.Contains(last, day) {
			read = append(read, day)
			room -= size
		}
	}
	for _, day := range read {
		if !p.verify(ctx, day) {
			wrong++
		}
	}
	if wrong > 0 {
		return
	}
	switch n := len(list); {
	case n == 0:
		p.ok("none yet")
	case n <= len(read):
		p.ok("%s, read: nothing is damaged", count(n, "day"))
	case len(read) > len(last): // they were copied, or restored
		p.ok("%s from %s to %s; %d read, nothing is damaged (`daybook verify` reads all)", count(n, "day"), list[0], list[n-1], len(read))
	default:
		p.ok("%s from %s to %s; the last %d read, nothing is damaged (`daybook verify` reads all)", count(n, "day"), list[0], list[n-1], len(read))
	}
}

// verify reads a day, and reports whether all is well with it.
func (p *patient) verify(ctx context.Context, day daybook.Day) (well bool) {
	first, n := "", 0
	well = true
	for f, err := range p.book.Verify(ctx, daybook.Query{From: day, To: day}) {
		if err != nil {
			p.bad("see who may read it", "%s cannot be read: %v", day, err)
			well = false
			break
		}
		if f.Problem == daybook.ProblemUnfinished {
			continue // the glance has told
		}
		if n++; n == 1 {
			first = f.String()
		}
	}
	if n == 0 {
		return well
	}
	p.bad("`daybook verify` lists all damage, `daybook repair` mends what can be mended", "%s in %s, the first one: %s",
		count(n, "finding"), day, first)
	return false
}

// glance looks at the end of a day's file. It is odd if its mark does not vouch for it; not ok if it cannot be read.
func (p *patient) glance(day daybook.Day) (size int64, odd, ok bool) {
	f, err := p.fsys.Open(p.dayFile(day), false)
	if errors.Is(err, fs.ErrNotExist) {
		_, err := p.fsys.Stat(p.dayFile(day) + ".zst")
		return 0, err != nil, true // whether it is gone costs nothing to find out
	}
	var info durable.Info
	if err == nil {
		defer f.Close() // nothing was written
		info, err = f.Stat()
	}
	var x daybook.Extent
	if err == nil {
		x, err = p.book.Durable(day)
	}
	if err != nil {
		p.bad("see who may read it", "%s cannot be read: %v", day, err)
		return 0, false, false
	}
	var last [1]byte
	if info.Size > 0 {
		if _, err := f.ReadAt(last[:], info.Size-1); err == nil && last[0] != '\n' {
			p.note("nothing to do: the next append to that day completes the line, or puts it into quarantine",
				"the last line of %s is unfinished: somebody is writing it, or was killed", day)
		}
	}
	return info.Size, x.Size == 0, true
}

// quarantine: what was taken out of day files.
func quarantine(_ context.Context, p *patient) {
	var pieces []string
	for _, day := range p.days {
		entries, err := p.fsys.ReadDir(p.file(day.String(), "quarantine"))
		if err != nil {
			continue // most days have none
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".raw") {
				pieces = append(pieces, day.String()+"/quarantine/"+e.Name())
			}
		}
	}
	if len(pieces) > 0 {
		slices.Reverse(pieces)
		p.note("look at them: `daybook append FILE` stores what is whole in one; who needs them no more may remove them",
			"%s of damaged lines, the latest first: %s", count(len(pieces), "piece"), someOf(pieces))
	}
}

// files: what lies about that is no part of the book.
func files(_ context.Context, p *patient) {
	var kept, left []string
	look := func(dir string, own ...string) {
		entries, err := p.fsys.ReadDir(p.file(dir))
		if err != nil {
			return // said by the check of the days, or there is none
		}
		for _, e := range entries {
			name := e.Name()
			if dir != "" {
				name = dir + "/" + name
			}
			switch copied := copyOf(dir, e.Name(), own); {
			case e.IsDir() && dir == "" && isDayCopy(e.Name()):
				p.copiedDay(name)
			case e.IsDir():
			case copied != "":
				p.copied(name, copied)
			case strings.Contains(e.Name(), ".kept-") || strings.HasSuffix(e.Name(), ".damaged"):
				kept = append(kept, name)
			case strings.HasSuffix(e.Name(), ".daybook-tmp") && p.dead(name):
				left = append(left, name)
			}
		}
	}
	look("", "daybook.json", "palette.toml", "metadata.json", "ledger.db", "standing.bin", "import-git.jsonl", "watch.json",
		"book.lock", "book.turn", "watch.lock")
	look("baseline")
	for _, day := range p.days {
		look(day.String(), "events.json", "events.json.zst", "events.mark", "SHA256SUMS")
		look(day.String() + "/boards")
	}
	if len(kept) > 0 {
		p.note("look at them, then remove them", "%s kept aside: %s", count(len(kept), "file"), someOf(kept))
	}
	if len(left) > 0 {
		p.note("nothing to do: the next command that writes removes them", "%s left by a crash: %s", count(len(left), "temporary file"), someOf(left))
	}
}

// The names of a book's files that hold a day, a hash or a lineage, and what copies of them may be called.
var (
	document = regexp.MustCompile(`^session_\d{4}-\d\d-\d\d\.json$`)
	state    = regexp.MustCompile(`^[0-9a-f]{32}(\.intent)?\.json$`)
	snapshot = regexp.MustCompile(`^[0-9a-f]{64}\.canvas$`)

	likeDocument = regexp.MustCompile(`(?i)session_\d{4}-\d\d-\d\d.*\.json$`)
	likeState    = regexp.MustCompile(`(?i)[0-9a-f]{32}.*\.json$`)
	likeSnapshot = regexp.MustCompile(`(?i)[0-9a-f]{64}.*\.canvas$`)
)

// copyOf returns of which of a book's own files in dir the file called name looks like a copy; "" if it is none. own are
// those that have a fixed name. No copy is ever read in the place of the file itself.
func copyOf(dir, name string, own []string) string {
	if slices.Contains(own, name) || document.MatchString(name) || state.MatchString(name) || snapshot.MatchString(name) {
		return ""
	}
	switch {
	case dir == "" && likeDocument.MatchString(name):
		return "session"
	case dir == "baseline" && likeState.MatchString(name):
		return "baseline"
	case strings.HasSuffix(dir, "/boards") && likeSnapshot.MatchString(name):
		return "boards"
	}
	for _, original := range own {
		if vault.IsCopyName(name, original) {
			return original
		}
	}
	if vault.IsConflictCopy(name) {
		return "other"
	}
	return ""
}

// copied tells of a copy of one of the book's files, with what is to be done about it.
func (p *patient) copied(name, original string) {
	const made = "a sync program has made a copy: %s"
	file := printable.Path(p.file(name))
	switch original {
	case "events.json":
		p.bad("`daybook append --book "+printable.Path(p.dir)+" "+file+"` takes in what the day lacks, and passes over what it has; then remove the copy",
			"a sync program has made a copy of a day: %s. Its events are no part of the book", name)
	case "events.json.zst":
		p.bad("`zstd -dc "+file+" | daybook append --book "+printable.Path(p.dir)+"` takes in what the day lacks, and passes over what it has; then remove the copy",
			"a sync program has made a copy of a day: %s. Its events are no part of the book", name)
	case "palette.toml":
		p.note("`diff "+printable.Path(p.file(original))+" "+file+"` shows where it differs; take over what you want, then remove it", made, name)
	case "daybook.json":
		p.note("`diff "+printable.Path(p.file(original))+" "+file+"` shows where it differs; only daybook.json is obeyed; remove the copy", made, name)
	case "events.mark":
		p.note("remove it: only events.mark counts, and the next append to the day makes one where it is missing", made, name)
	case "SHA256SUMS":
		p.note("remove it: only SHA256SUMS counts, and `daybook seal` makes one where it is missing", made, name)
	case "boards":
		p.note("remove it: a snapshot is named by its checksum, and the one without addition is right", made, name)
	case "baseline":
		p.note("remove it: it is never read, and the state of the board that is recorded stands beside it", made, name)
	case "book.lock", "book.turn", "watch.lock", "watch.json", "import-git.jsonl":
		p.note("remove it: only "+original+" counts", made, name)
	default:
		p.note("remove it: it is made again from the book, and other machines' copies are no part of it", made, name)
	}
}

// isDayCopy reports whether a directory's name is that of a day with something before or behind it.
func isDayCopy(name string) bool {
	_, err := daybook.ParseDay(name)
	return err != nil && dayLike.MatchString(name)
}

var dayLike = regexp.MustCompile(`^(\d{4}-\d\d-\d\d\D.*|\D.*\D\d{4}-\d\d-\d\d)$`)

// copiedDay tells of a copy of a day's directory.
func (p *patient) copiedDay(name string) {
	remedy := "remove it: there are no events in it"
	if _, err := p.fsys.Stat(p.file(name, "events.json")); err == nil {
		remedy = "`daybook append --book " + printable.Path(p.dir) + " " + printable.Path(p.file(name, "events.json")) +
			"` takes in what the day lacks, and passes over what it has; then remove the copy"
	} else if _, err := p.fsys.Stat(p.file(name, "events.json.zst")); err == nil {
		remedy = "`zstd -dc " + printable.Path(p.file(name, "events.json.zst")) + " | daybook append --book " + printable.Path(p.dir) +
			"` takes in what the day lacks, and passes over what it has; then remove the copy"
	}
	p.bad(remedy, "a sync program has made a copy of a day's directory: %s. Its events are no part of the book", name)
}

// dead reports whether nobody holds a temporary file any more.
func (p *patient) dead(name string) bool { return p.holder(p.file(name)) == free }

const (
	mostOfDay  = 10_000_000 // story 11.2: a day's file
	mostOfBook = 70_000_000 // seven of them
)

// size: plain files, session documents too, are within the story's limits.
func size(_ context.Context, p *patient) {
	all, plain, packed := int64(0), 0, 0
	type file struct {
		day  daybook.Day
		size int64
	}
	var large []file // the larger one of each day
	state := p.note
	if p.isVaults() {
		state = p.bad
	}
	const remedy = "`daybook retire` compresses past days"
	for _, day := range p.days {
		if _, err := p.fsys.Stat(p.dayFile(day) + ".zst"); err == nil {
			packed++
		}
		largest := int64(0)
		for _, name := range []string{p.dayFile(day), p.file("session_" + day.String() + ".json")} {
			if info, err := p.fsys.Stat(name); err == nil {
				all += info.Size
				largest = max(largest, info.Size)
			}
		}
		if largest > 0 {
			plain++
		}
		if largest > mostOfDay {
			large = append(large, file{day, largest})
		}
	}
	if len(large) > 0 {
		most := slices.MaxFunc(large, func(a, b file) int { return cmp.Compare(a.size, b.size) })
		text := fmt.Sprintf("%s has %s, over 10 MB", most.day, bytesText(most.size))
		if n := len(large); n > 1 {
			text = fmt.Sprintf("%d days have over 10 MB; %s has most, %s", n, most.day, bytesText(most.size))
		}
		state(remedy, "%s", text)
	}
	if all > mostOfBook {
		state(remedy, "%s are %s, over 70 MB", count(plain, "plain day"), bytesText(all))
		return
	}
	text := fmt.Sprintf("%s in %s", bytesText(all), count(plain, "plain day"))
	if packed > 0 {
		text += fmt.Sprintf(", and %s compressed", count(packed, "day"))
	}
	p.ok("%s", text)
}
