package palettefile

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"daybook/learning"
)

// table is a table of the file as it was decoded.
type table map[string]any

// The least and the greatest idle gap that a palette may name.
const (
	minGap = time.Minute
	maxGap = 24 * time.Hour
)

// build makes the palette of a whole file. Its first mistake, in a fixed order, is the error.
func build(doc table) (p learning.Palette, err error) {
	if err := doc.only("", "name", "profile", "member", "idle_gap", "colors", "boards", "explanations"); err != nil {
		return p, err
	}
	p, profile, err := doc.colors("", learning.Palette{})
	if err != nil {
		return p, err
	}
	if p.Name, err = doc.text("", "name"); err != nil {
		return p, err
	}
	if p.Name == "" {
		p.Name = Name
		if named, err := learning.Profile(profile); err == nil && maps.Equal(named.Colors, p.Colors) && p.Member == "" && doc["boards"] == nil {
			p.Name = profile
		}
	}
	if p.IdleGap, err = doc.gap(); err != nil {
		return p, err
	}
	if p.Kinds, err = doc.kinds(); err != nil {
		return p, err
	}
	list, ok := tables(doc["boards"])
	if !ok {
		return p, fmt.Errorf("boards is a list of tables: write [[boards]]")
	}
	for i, b := range list {
		board, err := b.board(fmt.Sprintf("boards (number %d): ", i+1), p)
		if err != nil {
			return p, err
		}
		p.Boards = append(p.Boards, board)
	}
	return p, nil
}

// board reads one of the [[boards]]. What it does not say it has from the palette of all boards, if it reads the same
// member.
func (t table) board(where string, all learning.Palette) (b learning.BoardPalette, err error) {
	if err := t.only(where, "paths", "profile", "member", "colors"); err != nil {
		return b, err
	}
	values, ok := t["paths"].([]any)
	if !ok && t["paths"] != nil {
		return b, fmt.Errorf(`%spaths is a list, as in paths = ["Physics/*"]`, where)
	}
	for _, v := range values {
		pattern, ok := v.(string)
		if _, err := path.Match(pattern, ""); !ok || err != nil || pattern == "" {
			return b, fmt.Errorf(`%spaths: %#v is no pattern of boards: write a path in the vault, as "Physics/*"`, where, v)
		}
		b.Paths = append(b.Paths, pattern)
	}
	p, _, err := t.colors(where, all)
	if err != nil {
		return b, err
	}
	if len(b.Paths) == 0 {
		return b, fmt.Errorf(`%spaths is missing: say which boards are meant, as in paths = ["Physics/*"]`, where)
	}
	b.Member, b.Colors = p.Member, p.Colors
	return b, nil
}

// colors reads member, profile and colors of a table. What the table does not say it has from base.
func (t table) colors(where string, base learning.Palette) (p learning.Palette, profile string, err error) {
	p.Member = base.Member
	if member, err := t.text(where, "member"); err != nil {
		return p, "", err
	} else if member != "" {
		if p.Member, err = memberPath(member); err != nil {
			return p, "", fmt.Errorf("%smember: %w", where, err)
		}
	}
	if profile, err = t.text(where, "profile"); err != nil {
		return p, "", err
	}
	if profile == "" && p.Member == "" && base.Colors == nil {
		profile = learning.Profiles()[0]
	}
	p.Colors = map[string]learning.Color{}
	switch {
	case profile == "none":
	case profile != "":
		named, err := learning.Profile(profile)
		if err != nil {
			return p, "", fmt.Errorf("%sprofile: %w, and none for an empty one", where, err)
		}
		p.Colors = named.Colors
	case p.Member == base.Member:
		maps.Copy(p.Colors, base.Colors)
	}
	own, ok := t["colors"].(table)
	if m, isMap := t["colors"].(map[string]any); isMap {
		own, ok = m, true
	}
	if !ok && t["colors"] != nil {
		return p, "", fmt.Errorf("%scolors is a table: write [colors] above its entries", where)
	}
	return p, profile, own.entries(where, p.Colors)
}

// entries lays the entries of a [colors] table over colors.
func (t table) entries(where string, colors map[string]learning.Color) error {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		here := fmt.Sprintf("%scolors.%q", where, key)
		values, ok := t[key].(map[string]any)
		if !ok {
			return fmt.Errorf(`%s is a table: write %q = { name = "red", role = "not_understood" }`, here, key)
		}
		entry := table(values)
		if err := entry.only(here+": ", "name", "role"); err != nil {
			if len(key) > 1 && strings.Trim(key, "0123456789") != "" {
				err = fmt.Errorf("%w; the values of another member than color are named by member = \"%s.…\"", err, key)
			}
			return err
		}
		code := learning.NormalCode(key)
		if key == "" {
			return fmt.Errorf("%s: the empty code is no colour, which is always called none and has no role", here)
		}
		if first, twice := seen[code]; twice {
			return fmt.Errorf("%s: two entries for one code: %q is the same as %q", here, key, first)
		}
		seen[code] = key
		name, err := entry.text(here+": ", "name")
		if err != nil {
			return err
		}
		if err := checkName(name); err != nil {
			return fmt.Errorf("%s: %w", here, err)
		}
		word, err := entry.text(here+": ", "role")
		if err != nil {
			return err
		}
		role, err := learning.ParseRole(word)
		if err != nil {
			return fmt.Errorf("%s: %w", here, err)
		}
		colors[code] = learning.Color{Name: name, Role: role}
	}
	return oneRoleEach(where, colors, seen)
}

// oneRoleEach refuses one name for two roles: the statistics count by names. seen are the codes that the file names.
func oneRoleEach(where string, colors map[string]learning.Color, seen map[string]string) error {
	for _, code := range slices.Sorted(maps.Keys(seen)) {
		c := colors[code]
		for _, other := range slices.Sorted(maps.Keys(colors)) {
			if o := colors[other]; c.Name != "" && o.Name == c.Name && o.Role != c.Role {
				return fmt.Errorf("%scolors.%q: the name %q has two roles, %q here and %q for the code %q: give one of them another name",
					where, seen[code], c.Name, c.Role, o.Role, other)
			}
		}
	}
	return nil
}

// longestName is how long a name may be, in characters.
const longestName = 64

// checkName refuses names that the statistics could not use: they stand in "red_to_purple" and on one line.
func checkName(name string) error {
	switch {
	case name == "none":
		return fmt.Errorf("the name none is taken: it is no colour")
	case strings.Contains(name, "_to_"):
		return fmt.Errorf("the name %q has _to_ in it, which stands between two names", name)
	case !printable(name):
		return fmt.Errorf("the name %q is not one line of at most %d characters", name, longestName)
	}
	return nil
}

func printable(name string) bool {
	return utf8.RuneCountInString(name) <= longestName && strings.TrimSpace(name) == name && !strings.ContainsFunc(name, unicode.IsControl)
}

// memberPath checks the path of a member whose changes the book tells of. "color" is a card's colour.
func memberPath(member string) (string, error) {
	parts := strings.Split(member, ".")
	if member == "color" {
		return "", nil
	}
	if slices.Contains(parts, "") {
		return "", fmt.Errorf(`%q is no path: write names joined by dots, as "styleAttributes.status"`, member)
	}
	if slices.Contains([]string{"id", "type", "text", "color", "x", "y", "width", "height"}, parts[0]) {
		return "", fmt.Errorf("%q tells of no colour: it is a card's own %s", member, parts[0])
	}
	return member, nil
}

func (t table) gap() (time.Duration, error) {
	word, err := t.text("", "idle_gap")
	if err != nil || word == "" {
		return 0, err
	}
	d, err := time.ParseDuration(word)
	if err != nil || d < minGap || d > maxGap {
		return 0, fmt.Errorf(`idle_gap: %q is no time from 1m to 24h: write it as "15m" or "1h30m"`, word)
	}
	return d, nil
}

// kinds reads [explanations]; nil if there is none.
func (t table) kinds() ([]learning.Kind, error) {
	if t["explanations"] == nil {
		return nil, nil
	}
	values, ok := t["explanations"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("explanations is a table: write [explanations] above its entries")
	}
	kinds := []learning.Kind{}
	for _, emoji := range slices.Sorted(maps.Keys(values)) {
		name, ok := values[emoji].(string)
		if !ok || name == "" || !printable(name) || strings.TrimSpace(emoji) == "" {
			return nil, fmt.Errorf(`explanations.%q: write it as "🔍" = "clarification-path"`, emoji)
		}
		kind := learning.Kind{Emoji: emoji, Name: name}
		for _, k := range kinds {
			if k.SameEmoji(kind) {
				return nil, fmt.Errorf("explanations.%q: two entries for one emoji, %q and %q", emoji, k.Name, name)
			}
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// only refuses keys that are none of these.
func (t table) only(where string, keys ...string) error {
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if !slices.Contains(keys, key) {
			return fmt.Errorf("%sunknown key %q: there are %s", where, key, strings.Join(keys, ", "))
		}
	}
	return nil
}

// text returns a string of the table, "" if it is not there.
func (t table) text(where, key string) (string, error) {
	s, ok := t[key].(string)
	if !ok && t[key] != nil {
		return "", fmt.Errorf(`%s%s is a text: write it in quotes, as in %s = "…"`, where, key, key)
	}
	return s, nil
}

// tables returns a list of tables, nil if it is not there.
func tables(value any) (list []table, ok bool) {
	values, ok := value.([]map[string]any)
	for _, v := range values {
		list = append(list, v)
	}
	return list, ok || value == nil
}
