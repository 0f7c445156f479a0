//go:build !linux && !darwin && !windows

package doctor

import "errors"

func diskSpace(string) (Space, error) { return Space{}, errors.New("not known how on this system") }

func inotify() (Inotify, bool) { return Inotify{}, false }

func holders(string) []string { return nil }
