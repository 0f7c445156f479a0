package vault

import "time"

// pollEvery is the pause between two comparisons of a vault whose file system does not tell of all changes.
const pollEvery = 5 * time.Second

// pollShare keeps such comparisons from filling all time on a slow share: each is followed by a pause of at least so
// many times what it took.
const pollShare = 4

// kind says what is known of the file system that a directory lies on.
type kind struct {
	name   string // what people call it, "NFS"
	silent bool   // it is not known to tell of all changes: those of other machines, or of the other side of a FUSE mount
	shun   bool   // it is not to be watched either: here a watch holds every file of a directory open
}

// unsure is the kind of a file system of which nothing is known. It is watched and polled.
func unsure(name string) kind { return kind{name: name, silent: true} }
