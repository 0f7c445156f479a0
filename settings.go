package daybook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"daybook/internal/durable"
	"daybook/internal/jsonline"
)

// Rules says what a book demands of an event beyond its own rules.
type Rules string

const (
	// RulesNone demands nothing more.
	RulesNone Rules = "none"
	// RulesVault demands the members of story 11.2's events: canvas_id, event_type and details, an object.
	RulesVault Rules = "vault"
)

const (
	// WriteAppend writes an event behind the others of its day.
	WriteAppend = "append"
	// WriteReplace copies the day, adds the events that are committed together, and renames the copy over the day's
	// file, always synced, whatever Options.Sync says. Its cost grows with the day.
	WriteReplace = "replace"
)

// VaultDir is the name of a vault's book within the vault.
const VaultDir = ".learning_sessions"

// SettingsName is the name of the file that holds a book's Settings.
const SettingsName = "daybook.json"

// formatVersion is the version of the format that this package writes, and the newest that it reads.
const formatVersion = 1

// Settings are what daybook.json holds: written once, when the book is made, and obeyed by every process.
type Settings struct {
	Format int      `json:"format"` // version of the format of the book on disk; 1
	Zone   string   `json:"zone"`   // IANA name of the zone whose calendar days the book has
	Rules  Rules    `json:"rules"`
	Views  []string `json:"views"` // the views that daybook's programs post from the book; "session" is one
	Write  string   `json:"write"` // WriteAppend or WriteReplace
	// Retire says which days daybook's programs retire by themselves; nil is none. It is not to be changed.
	Retire *Retention `json:"retire,omitempty"`
}

// Retention says which days of a book are retired, and how. The Book itself retires nothing but what Retire is called for.
type Retention struct {
	AfterDays int   `json:"after_days"`          // how many days stay as they are, today among them; at least 1
	Keep      Keep  `json:"keep"`                // what becomes of the day files
	MaxBytes  int64 `json:"max_bytes,omitempty"` // plain days and documents over this have days retired earlier; 0 is no limit
}

// maxAfterDays is the most that Retention.AfterDays may be, some hundred years.
const maxAfterDays = 36_525

// withDefaults fills what is zero: for a vault's book the local zone, RulesVault and the session document, for any other
// UTC, RulesNone and no views. A vault's book is one with RulesVault, wherever it lies, or in a directory called VaultDir.
// With the view "ledger" it retires days after seven, as story 11.2 has it, unless Retire has no AfterDays, which stands
// for none. The error says why the local zone is not known, and is UTC therefore.
func (s Settings) withDefaults(dir string) (full Settings, zoneErr error) {
	s.Format = formatVersion
	vault := s.Rules == RulesVault || filepath.Base(dir) == VaultDir
	if s.Rules == "" {
		s.Rules = RulesNone
		if vault {
			s.Rules = RulesVault
		}
	}
	if s.Zone == "" {
		s.Zone = "UTC"
		if vault {
			s.Zone, zoneErr = localZone()
		}
	}
	if s.Views == nil {
		s.Views = []string{}
		if vault {
			s.Views = []string{"session"}
		}
	}
	if s.Write == "" {
		s.Write = WriteAppend
	}
	switch {
	case s.Retire == nil && vault && slices.Contains(s.Views, "ledger"):
		s.Retire = &Retention{AfterDays: 7, Keep: KeepPacked}
	case s.Retire != nil && s.Retire.AfterDays == 0:
		s.Retire = nil
	case s.Retire != nil && s.Retire.Keep == "":
		s.Retire = &Retention{s.Retire.AfterDays, KeepPacked, s.Retire.MaxBytes}
	}
	return s, zoneErr
}

// check says what cannot be obeyed, or nil.
func (s Settings) check() error {
	if s.Format > formatVersion {
		return fmt.Errorf("the book has format version %d, this program knows versions up to %d: use a newer daybook",
			s.Format, formatVersion)
	}
	if s.Format < 1 {
		return fmt.Errorf("format: %d is no format version", s.Format)
	}
	if _, err := loadZone(s.Zone); err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	if s.Rules != RulesNone && s.Rules != RulesVault {
		return fmt.Errorf("rules: %q is neither %q nor %q", s.Rules, RulesNone, RulesVault)
	}
	if s.Write != WriteAppend && s.Write != WriteReplace {
		return fmt.Errorf("write: %q is neither %q nor %q", s.Write, WriteAppend, WriteReplace)
	}
	for i, v := range s.Views {
		if v == "" || slices.Contains(s.Views[:i], v) {
			return fmt.Errorf("views: %q is empty or named twice", v)
		}
	}
	return s.Retire.check()
}

func (r *Retention) check() error {
	if r == nil {
		return nil
	}
	if r.AfterDays < 1 || r.AfterDays > maxAfterDays {
		return fmt.Errorf("retire: after_days: %d is not from 1 to %d: today is never retired", r.AfterDays, maxAfterDays)
	}
	if _, err := ParseKeep(string(r.Keep)); err != nil {
		return fmt.Errorf("retire: keep: %w", err)
	}
	if r.MaxBytes < 0 {
		return fmt.Errorf("retire: max_bytes: %d is no size", r.MaxBytes)
	}
	return nil
}

// loadZone is time.LoadLocation for the names that may stand in daybook.json: "Local" means another zone on every machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no IANA time zone: write one such as Europe/Berlin", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no IANA time zone known here: write one such as Europe/Berlin", name)
	}
	return zone, nil
}

func (s Settings) encode() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// decode reads the settings strictly: a member that this version does not know might change what the book means, and
// encoding/json by itself takes ZONE for zone, and the last of two.
func (s *Settings) decode(data []byte) error {
	o, err := jsonline.ParseObject(data)
	if err != nil {
		return err
	}
	for _, m := range o.Members {
		name := o.Name(m)
		if !slices.Contains([]string{"format", "zone", "rules", "views", "write", "retire"}, name) {
			return fmt.Errorf("unknown member %q", name)
		}
		if name != "retire" {
			continue
		}
		inner, err := jsonline.ParseObject(o.Value(m))
		if err != nil {
			return fmt.Errorf("retire: %w", err)
		}
		for _, m := range inner.Members {
			if name := inner.Name(m); !slices.Contains([]string{"after_days", "keep", "max_bytes"}, name) {
				return fmt.Errorf("retire: unknown member %q", name)
			}
		}
	}
	return json.Unmarshal(o.JSON, s)
}

// readSettings returns fs.ErrNotExist if there are none, and a *SettingsError if they cannot be obeyed.
func readSettings(fsys durable.FS, dir string) (Settings, error) {
	name := filepath.Join(dir, SettingsName)
	data, err := durable.ReadFile(fsys, name)
	if err != nil {
		return Settings{}, err
	}
	var version struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil || version.Format == nil {
		return Settings{}, &SettingsError{File: name, Reason: "it is damaged: it must be a JSON object with a format version; " +
			"restore it from a copy (format, zone, rules, views, write)"}
	}
	s := Settings{Format: *version.Format}
	if s.Format <= formatVersion {
		if err := s.decode(data); err != nil {
			return Settings{}, &SettingsError{File: name, Reason: "it is damaged: " + err.Error()}
		}
	}
	if err := s.check(); err != nil {
		return Settings{}, &SettingsError{File: name, Reason: err.Error()}
	}
	return s, nil
}

// loadSettings returns the book's settings and makes the book if there is none, unless Options.MustExist is set.
func (b *Book) loadSettings() (Settings, error) {
	s, err := readSettings(b.fsys, b.dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if b.opts.MustExist {
		if s, err = b.missingSettings(Settings{}); err == nil && s.Format == 0 {
			err = fmt.Errorf("%s: %w", b.dir, ErrNoBook)
		}
		return s, err
	}
	wanted := Settings{}
	if b.opts.Settings != nil {
		wanted = *b.opts.Settings
	}
	full, zoneErr := wanted.withDefaults(b.dir)
	if err := full.check(); err != nil {
		return s, fmt.Errorf("make a book in %s: %w", b.dir, err)
	}
	if zoneErr != nil {
		b.opts.Logger.Warn(zoneErr.Error() + ": the days of the new book are those of UTC, for good")
	}
	if err := durable.MkdirAll(b.fsys, b.dir); err != nil {
		return s, fmt.Errorf("make a book: %w", err)
	}
	if err := b.writer.lock.Acquire(context.Background(), b.opts.LockTimeout); err != nil {
		return s, err
	}
	defer func() { b.warnIf(b.writer.lock.Release(), "give back the book's lock") }()
	if s, err = b.missingSettings(wanted); err != nil || s.Format != 0 {
		return s, err
	}
	data, err := full.encode()
	if err == nil {
		err = durable.Replace(b.fsys, filepath.Join(b.dir, SettingsName), data)
	}
	return full, err
}

// missingSettings is called when there was no daybook.json a moment ago, and returns the settings that another process has
// made meanwhile, or none. A book that has days had settings: without them it is an error to make others, unless wanted
// names both the zone and the rules, which say what the days mean.
func (b *Book) missingSettings(wanted Settings) (Settings, error) {
	days, err := b.traces()
	if err != nil {
		return Settings{}, err
	}
	s, err := readSettings(b.fsys, b.dir) // after the days: settings are made before the first of them
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if len(days) == 0 || wanted.Zone != "" && wanted.Rules != "" {
		return Settings{}, nil
	}
	reason := fmt.Sprintf("it is missing, and there are days from %s to %s: restore it from a copy, or make it again with the zone "+
		"and the rules that these days were written with", days[0], days[len(days)-1])
	return Settings{}, &SettingsError{File: filepath.Join(b.dir, SettingsName), Reason: reason, missing: true}
}
