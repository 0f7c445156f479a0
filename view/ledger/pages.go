package ledger

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Each page of a ledger ends with a checksum, in bytes that SQLite's format reserves for such use: so no flipped bit, zeroed or
// misplaced page, or end that was cut off, is ever read as rows, whatever asks. The checksum is the CRC32C of the rest of the page,
// begun with the page's number, big endian. Other programs read a ledger as any database; what they write to one is damage.
const (
	pageSize = 8192
	sumSize  = 4
	headSize = 100 // bytes of the database header, with which page 1 begins
)

const checkedVFS = "daybook-ledger"

// VFS returns the name of SQLite's access to files (vfs) that makes a page's checksum when it is written and checks it when
// it is read. It is for programs that use the SQLite of this process: sql.Open("sqlite", "file:ledger.db?mode=ro&vfs="+name). Without
// it nothing is checked, and what is written is damage.
func VFS() (name string, err error) { return checkedVFS, registerVFS() }

// putSum writes the checksum of a page that stands at an offset of the file.
func putSum(page []byte, at int64) {
	binary.BigEndian.PutUint32(page[pageSize-sumSize:], pageSum(page, at))
}

func hasSum(page []byte, at int64) bool {
	return binary.BigEndian.Uint32(page[pageSize-sumSize:]) == pageSum(page, at)
}

func pageSum(page []byte, at int64) uint32 {
	return crc32.Update(uint32(at/pageSize)+1, castagnoli(), page[:pageSize-sumSize])
}

// emptyPage returns a database without tables: SQLite reserves bytes of the pages only of a database that says so already.
func emptyPage() []byte {
	page := make([]byte, pageSize)
	copy(page, sqliteMagic)
	binary.BigEndian.PutUint16(page[16:], pageSize)
	copy(page[18:], []byte{1, 1, sumSize, 64, 32, 32}) // a rollback journal; fractions that are the only valid ones
	binary.BigEndian.PutUint32(page[24:], 1)           // the change counter
	binary.BigEndian.PutUint32(page[28:], 1)           // pages
	binary.BigEndian.PutUint32(page[44:], 4)           // the format of the schema
	binary.BigEndian.PutUint32(page[56:], 1)           // UTF-8
	binary.BigEndian.PutUint32(page[92:], 1)           // the change counter for which the number of pages is valid
	page[headSize] = 13                                // a leaf of a table, without cells
	binary.BigEndian.PutUint16(page[headSize+5:], pageSize-sumSize)
	putSum(page, 0)
	return page
}

const sqliteMagic = "SQLite format 3\x00"

// hasSums reports whether a database that begins with head has checksums. Either of two places says so: one flipped byte does
// not make an unchecked one of it.
func hasSums(head []byte) bool {
	if len(head) < headSize {
		return false
	}
	of := binary.BigEndian.Uint32(head[60:]) // the user_version
	return head[20] == sumSize || firstChecked <= of && of <= version
}

// registerVFS makes checkedVFS known to SQLite, for as long as the process lives.
var registerVFS = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	name, err := libc.CString(checkedVFS)
	if err != nil {
		return err
	}
	base := sqlite3.Xsqlite3_vfs_find(tls, 0)
	vfs := sqlite3.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	if base == 0 || vfs == 0 {
		return fmt.Errorf("SQLite has no file access of its own, or there is no memory")
	}
	v := memory[sqlite3.Tsqlite3_vfs](vfs)
	*v = *memory[sqlite3.Tsqlite3_vfs](base)
	v.FpNext, v.FzName, v.FpAppData, v.FxOpen = 0, name, base, pointerTo(openChecked)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, vfs, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("SQLite does not take a file access: result code %d", rc)
	}
	return nil
})

// methods are those of an open database: SQLite's own, but for reading and writing.
type methods struct {
	sqlite3.Tsqlite3_io_methods
	base uintptr // to SQLite's own
}

var (
	methodsMu sync.Mutex
	methodsOf = map[uintptr]uintptr{} // SQLite's own → ours: one for each way in which it locks files
)

// memory returns what is in SQLite's memory at an address.
func memory[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// pointerTo returns a function, which is no closure, as SQLite has it in its tables.
func pointerTo[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// function is the inverse of pointerTo.
func function[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&pointer)) }

type (
	openFunc  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	readFunc  = func(tls *libc.TLS, file, buffer uintptr, n int32, at int64) int32
	sizeFunc  = func(tls *libc.TLS, file, size uintptr) int32
	traitFunc = func(tls *libc.TLS, file uintptr) int32
)

// openChecked is xOpen: it opens a file as SQLite does, and exchanges the methods of one that is a database.
func openChecked(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	base := memory[sqlite3.Tsqlite3_vfs](vfs).FpAppData
	rc := function[openFunc](memory[sqlite3.Tsqlite3_vfs](base).FxOpen)(tls, base, name, file, flags, outFlags)
	if rc != sqlite3.SQLITE_OK || flags&sqlite3.SQLITE_OPEN_MAIN_DB == 0 {
		return rc
	}
	methodsMu.Lock()
	defer methodsMu.Unlock()
	own := memory[sqlite3.Tsqlite3_file](file).FpMethods
	ours := methodsOf[own]
	if ours == 0 {
		if ours = sqlite3.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(methods{}))); ours == 0 {
			function[traitFunc](memory[sqlite3.Tsqlite3_io_methods](own).FxClose)(tls, file)
			memory[sqlite3.Tsqlite3_file](file).FpMethods = 0
			return sqlite3.SQLITE_NOMEM
		}
		m := memory[methods](ours)
		*m = methods{*memory[sqlite3.Tsqlite3_io_methods](own), own}
		m.FiVersion = min(m.FiVersion, 2) // of 3 are mapped files, which are read without xRead
		m.FxRead, m.FxWrite, m.FxDeviceCharacteristics = pointerTo(readChecked), pointerTo(writeChecked), pointerTo(traitsChecked)
		methodsOf[own] = ours
	}
	memory[sqlite3.Tsqlite3_file](file).FpMethods = ours
	return rc
}

// ownMethods returns SQLite's own methods of an open database.
func ownMethods(file uintptr) *sqlite3.Tsqlite3_io_methods {
	return memory[sqlite3.Tsqlite3_io_methods](memory[methods](memory[sqlite3.Tsqlite3_file](file).FpMethods).base)
}

// readChecked is xRead. Besides pages SQLite reads parts of the header, to see whether page 1 is worth reading.
func readChecked(tls *libc.TLS, file, buffer uintptr, n int32, offset int64) int32 {
	own := ownMethods(file)
	rc := function[readFunc](own.FxRead)(tls, file, buffer, n, offset)
	switch {
	case offset+int64(n) <= headSize:
		return rc
	case rc == sqlite3.SQLITE_IOERR_SHORT_READ:
		// A page behind the end of the file is empty; one that is cut is not there as it was written.
		size := sqlite3.Xsqlite3_malloc(tls, 8)
		if size == 0 {
			return sqlite3.SQLITE_NOMEM
		}
		defer sqlite3.Xsqlite3_free(tls, size)
		if src := function[sizeFunc](own.FxFileSize)(tls, file, size); src != sqlite3.SQLITE_OK {
			return src
		}
		if *memory[int64](size) > offset {
			return sqlite3.SQLITE_IOERR_DATA
		}
		return rc
	case rc != sqlite3.SQLITE_OK:
		return rc
	case n != pageSize || offset%pageSize != 0 || !hasSum(memory[[pageSize]byte](buffer)[:], offset):
		return sqlite3.SQLITE_IOERR_DATA
	}
	return rc
}

// writeChecked is xWrite. The checksum goes into SQLite's own copy of the page, where nothing else may be.
func writeChecked(tls *libc.TLS, file, buffer uintptr, n int32, offset int64) int32 {
	if n != pageSize || offset%pageSize != 0 {
		return sqlite3.SQLITE_IOERR_WRITE
	}
	putSum(memory[[pageSize]byte](buffer)[:], offset)
	return function[readFunc](ownMethods(file).FxWrite)(tls, file, buffer, n, offset)
}

// traitsChecked is xDeviceCharacteristics: no part of a page may be read, since only a whole one can be checked.
func traitsChecked(tls *libc.TLS, file uintptr) int32 {
	return function[traitFunc](ownMethods(file).FxDeviceCharacteristics)(tls, file) &^ sqlite3.SQLITE_IOCAP_SUBPAGE_READ
}
