package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"daybook/canvas"
	"daybook/internal/durable"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/source/vault"
	"daybook/view/session"
)

// watcher: is one at work?
func watcher(_ context.Context, p *patient) {
	if p.vault == "" {
		return
	}
	if p.holder(p.file("watch.lock")) != taken {
		p.note("`daybook watch "+printable.Path(p.vault)+"` records changes as they happen; what is edited meanwhile it records when it starts", "nobody watches the vault")
		return
	}
	var who vault.WatchedError
	if data, err := durable.ReadFile(p.fsys, p.file("watch.json")); err != nil || json.Unmarshal(data, &who) != nil || who.PID == 0 {
		p.ok("somebody watches the vault")
		return
	}
	p.ok("process %d on %s watches since %s", who.PID, who.Host, who.Since.Format("2006-01-02 15:04"))
}

// watches: the system grants as many as the vault needs.
func watches(_ context.Context, p *patient) {
	if p.vault == "" {
		return
	}
	need := p.survey.Directories
	if p.survey.Held > 0 && p.survey.Entries > p.survey.Held {
		p.note("nothing: boards are compared instead; --poll says how often, smaller folders make it faster",
			"the vault has %d files and folders: too many to be held open by watches (%d)", p.survey.Entries, p.survey.Held)
	}
	i, ok := p.sys.Inotify()
	if !ok {
		return
	}
	raise := func(name string, n int) string {
		return fmt.Sprintf("`sudo sysctl fs.inotify.%s=%d`, and the same line in /etc/sysctl.d/ for good", name, n)
	}
	switch {
	case i.None:
		p.bad(raise("max_user_instances", max(512, 2*i.Instances)), "this user has used up all %d inotify instances: no program can watch", i.Instances)
	case need > i.Watches:
		p.bad(raise("max_user_watches", max(524288, 2*need)), "the vault has %d folders, and the system grants %d watches to all programs of a user", need, i.Watches)
	case need > i.Watches/2:
		p.note(raise("max_user_watches", max(524288, 2*need)), "the vault needs %d of the %d watches that all programs of a user share", need, i.Watches)
	case i.Events > 0 && i.Events < 1024:
		p.note(raise("max_queued_events", 16384), "only %d events may wait: after an overflow the whole vault is compared", i.Events)
	default:
		p.ok("%s, and %d watches granted", count(need, "folder"), i.Watches)
	}
}

// boards: each can be read.
func boards(_ context.Context, p *patient) {
	if p.vault == "" {
		return
	}
	if err := errors.Join(p.unsurveyed, p.survey.Err); err != nil {
		p.bad("see who may read it", "a part of the vault cannot be read: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	wrong := 0
	for _, board := range p.survey.Boards {
		text, err := durable.ReadFile(p.fsys, filepath.Join(p.vault, filepath.FromSlash(board)))
		if err == nil {
			_, err = canvas.Parse(text)
		}
		var syntax *canvas.SyntaxError
		switch {
		case errors.As(err, &syntax):
			p.bad("bring it back from a copy (Obsidian: File recovery), or mend it; until then its last good state counts", "%s is no board: %v", board, err)
			wrong++
		case err != nil:
			p.bad("see who may read it", "%s cannot be read: %v", board, err)
			wrong++
		}
	}
	for _, name := range p.survey.Copies {
		p.note("take what is needed out of it, then remove it; it is not recorded until it is edited, or `daybook watch --include` names it",
			"a sync program has made a copy of a board: %s", name)
	}
	if n := len(p.survey.Evicted); n > 0 {
		p.note("nothing: what is recorded of them stays; download them to have them read",
			"a sync client keeps the content of %s on its server only: %s", count(n, "board"), someOf(p.survey.Evicted))
	}
	known := -p.survey.Found
	entries, err := p.fsys.ReadDir(p.file("baseline"))
	for _, e := range entries {
		if vault.IsState(e.Name()) {
			known++
		}
	}
	if err == nil && len(p.survey.Boards) > known {
		p.note("`daybook watch --once "+printable.Path(p.vault)+"` records what is new", "%s not yet recorded", count(len(p.survey.Boards)-known, "board"))
	}
	if wrong == 0 {
		p.ok("%s", count(len(p.survey.Boards)+len(p.survey.Evicted), "board"))
	}
}

// palette: it can be read, and each colour in use has a role.
func palette(ctx context.Context, p *patient) {
	if !p.isVaults() {
		return
	}
	if p.paletteWrong != nil {
		p.bad("mend that line; `daybook palette --print` shows what a palette looks like", "%v", p.paletteWrong)
		return
	}
	if p.book == nil {
		return
	}
	used, err := session.Colors(ctx, p.book, p.palette)
	if err != nil {
		p.note("`daybook verify` looks for damage", "which colours are in use cannot be learned: %v", err)
		return
	}
	cards := 0
	codes := map[string]bool{}
	for board, list := range used {
		of := p.palette
		if len(of.Boards) > 0 {
			of = of.For(strings.TrimSuffix(board, "\x00")) // one whose name another one has taken
		}
		for code, n := range list {
			if code := learning.NormalCode(code); code != "" && n > 0 && of.Role(code) == "" {
				codes[code] = true
				cards += n
			}
		}
	}
	name := p.palette.Name
	if name == "" {
		name = "story"
	}
	if cards > 0 {
		p.note("`daybook palette` shows them, and which palette fits; `daybook palette --init` writes one to be edited",
			"%s of %s have no role in the palette %q: they count as nothing learned", count(cards, "card"), count(len(codes), "colour"), name)
		return
	}
	p.ok("%s", name)
}
