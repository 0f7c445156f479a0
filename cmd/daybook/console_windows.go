package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// isConsole reports whether a file is a console. NUL is a character device, too, but has no mode.
func isConsole(file *os.File) bool {
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(file.Fd()), &mode) == nil
}
