package doctor

import (
	"time"

	"daybook/source/vault"
)

// System is what the machine says.
type System struct {
	Now        func() time.Time
	Local      *time.Location
	Space      func(dir string) (Space, error)
	FileSystem func(dir string) (name string, tells bool)
	Inotify    func() (Inotify, bool)           // not ok where there is none
	Holders    func(file string) []string       // who holds the file's lock, as far as it can be learned
	Owner      func(file string) (Owner, error) // nil where files have none
	Root       bool                             // this user may write everything
}

// Space is the room on a disk. Inodes is 0 where they are not counted.
type Space struct {
	Free, All          uint64 // bytes
	FreeInodes, Inodes uint64
}

// Inotify is what Linux grants each user.
type Inotify struct {
	Watches, Instances int
	Events             int  // of each instance that may wait
	None               bool // there is no instance left
}

// Owner is whose a file is.
type Owner struct {
	Name     string
	Writable bool // by this user
}

// thisSystem returns what this machine says.
func thisSystem() *System {
	return &System{
		Now: time.Now, Local: time.Local, Space: diskSpace, FileSystem: vault.FileSystem, Inotify: inotify, Holders: holders,
		Owner: ownerOf(), Root: isRoot(),
	}
}
