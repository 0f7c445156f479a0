package crashtest

import "daybook/internal/durable"

// Faulty is a file system in which a fault is planted: each function that is not nil takes the place of a call. Names are
// paths; f is the file below. It stands between the program and its disk, so that the program that is tested is the one
// that is shipped.
type Faulty struct {
	durable.FS
	DirSync  func(dir string) error
	PathStat func(name string) (durable.Info, error)
	Moved    func(from, to string) error // rename
	Opened   func(f durable.File, name string)
	Sync     func(f durable.File, name string) error
	Write    func(f durable.File, name string, p []byte, off int64) (int, error)
	Truncate func(f durable.File, name string, size int64) error
	Lock     func(f durable.File, name string) (bool, error)
}

type faultyFile struct {
	durable.File
	fsys *Faulty
	name string
}

func (s *Faulty) file(f durable.File, name string, err error) (durable.File, error) {
	if err != nil {
		return nil, err
	}
	if s.Opened != nil {
		s.Opened(f, name)
	}
	return &faultyFile{f, s, name}, nil
}

// Open implements durable.FS.
func (s *Faulty) Open(name string, write bool) (durable.File, error) {
	f, err := s.FS.Open(name, write)
	return s.file(f, name, err)
}

// Create implements durable.FS.
func (s *Faulty) Create(name string) (durable.File, bool, error) {
	f, made, err := s.FS.Create(name)
	f, err = s.file(f, name, err)
	return f, made, err
}

// CreateLock implements durable.FS.
func (s *Faulty) CreateLock(name string) (durable.File, error) {
	f, err := s.FS.CreateLock(name)
	return s.file(f, name, err)
}

// CreateLike implements durable.FS.
func (s *Faulty) CreateLike(name, model string) (durable.File, error) {
	f, err := s.FS.CreateLike(name, model)
	return s.file(f, name, err)
}

// Rename implements durable.FS.
func (s *Faulty) Rename(from, to string) error {
	if s.Moved != nil {
		return s.Moved(from, to)
	}
	return s.FS.Rename(from, to)
}

// Stat implements durable.FS.
func (s *Faulty) Stat(name string) (durable.Info, error) {
	if s.PathStat != nil {
		return s.PathStat(name)
	}
	return s.FS.Stat(name)
}

// SyncDir implements durable.FS.
func (s *Faulty) SyncDir(name string) error {
	if s.DirSync != nil {
		return s.DirSync(name)
	}
	return s.FS.SyncDir(name)
}

func (f *faultyFile) Sync() error {
	if f.fsys.Sync != nil {
		return f.fsys.Sync(f.File, f.name)
	}
	return f.File.Sync()
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if f.fsys.Write != nil {
		return f.fsys.Write(f.File, f.name, p, off)
	}
	return f.File.WriteAt(p, off)
}

func (f *faultyFile) Truncate(size int64) error {
	if f.fsys.Truncate != nil {
		return f.fsys.Truncate(f.File, f.name, size)
	}
	return f.File.Truncate(size)
}

func (f *faultyFile) TryLock() (bool, error) {
	if f.fsys.Lock != nil {
		return f.fsys.Lock(f.File, f.name)
	}
	return f.File.TryLock()
}
