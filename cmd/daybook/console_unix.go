//go:build unix

package main

import "os"

// isConsole reports whether a file is a terminal (or another character device but /dev/null, where a line more or less
// does no harm).
func isConsole(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
