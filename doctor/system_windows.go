package doctor

import "golang.org/x/sys/windows"

func diskSpace(dir string) (Space, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return Space{}, err
	}
	var s Space
	err = windows.GetDiskFreeSpaceEx(name, &s.Free, &s.All, nil)
	return s, err
}

func inotify() (Inotify, bool) { return Inotify{}, false }

func holders(string) []string { return nil }

func isRoot() bool { return false }

// ownerOf: whether a file can be written the access lists say, which only an attempt tells.
func ownerOf() func(string) (Owner, error) { return nil }
