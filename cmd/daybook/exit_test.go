package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/faultfs"
)

func TestExitStatus(t *testing.T) {
	whoMay := "who owns"
	if runtime.GOOS == "windows" {
		whoMay = "who may write"
	}
	for _, test := range []struct {
		err  error
		want int
		hint string // part of it
	}{
		{nil, exitDone, ""},
		{errors.New("something"), exitFailed, ""},
		{daybook.ErrConflict, exitFailed, ""},
		{&daybook.SettingsError{File: "daybook.json", Reason: "a newer format"}, exitFailed, ""},
		{faultfs.ENOSPC, exitFailed, "make room"},
		{fs.ErrPermission, exitFailed, whoMay},
		{usage("see help", "wrong"), exitUsage, "see help"},
		{&daybook.DamageError{File: "events.json"}, exitDamage, "verify"},
		{daybook.ErrLocked, exitLocked, "wait"},
		{daybook.ErrNoBook, exitNoBook, "daybook init"},
		{context.Canceled, exitInterrupted, ""},
		{outputError(syscall.EPIPE), exitPipe, ""},
		{outputError(faultfs.ENOSPC), exitFailed, ""},
		{&failure{err: daybook.ErrLocked, hint: "go on with line 7"}, exitLocked, "line 7"},
		{&failure{code: exitDamage}, exitDamage, ""},
	} {
		if test.err != nil {
			test.err = fmt.Errorf("what we were doing: %w", test.err)
		}
		code, hint := judge(test.err)
		if code != test.want || !strings.Contains(hint, test.hint) || test.hint == "" && hint != "" {
			t.Errorf("%v: status %d with hint %q, want %d with %q", test.err, code, hint, test.want, test.hint)
		}
	}
}

// What the library logs looks like the program's other talk; what the command says itself is left out.
func TestTalk(t *testing.T) {
	e, _, stderr := testEnv(t, nil)
	log := slog.New(talkHandler{env: e, level: slog.LevelWarn}).With("book", "b")
	log.Info("opened")
	log.Warn("view is behind", "view", "session")
	log.Error("sync what has been appended", "error", syscall.EIO)
	log.Warn("slow append", "milliseconds", 7)
	log.Error("no room for an event")
	want := "daybook: warning: view is behind book=b view=session\n" +
		"daybook: error: sync what has been appended book=b error=input/output error\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Errorf("stderr (-want +got):\n%s", diff)
	}
}
