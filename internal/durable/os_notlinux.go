//go:build !linux

package durable

// Sync is what package os makes of it: F_FULLFSYNC on macOS, FlushFileBuffers on Windows.
func (f osFile) Sync() error { return f.File.Sync() }
