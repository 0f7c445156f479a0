package vault

import (
	"strings"
	"testing"
)

func TestKindOf(t *testing.T) {
	for _, test := range []struct {
		magic  uint32
		name   string
		silent bool
	}{
		{0xef53, "local", false},
		{0x58465342, "local", false},
		{0x9123683e, "local", false},
		{0x01021994, "local", false},
		{0x794c7630, "local", false},
		{0x2fc12fc1, "local", false},
		{0x6969, "NFS", true},
		{0xff534d42, "SMB", true},
		{0xfe534d42, "SMB", true},
		{0x01021997, "9p", true},
		{0x65735546, "FUSE", true},
		{0x5346414f, "AFS", true},
		{0x6b414653, "AFS", true},
		{0x00c36400, "Ceph", true},
		{0x47504653, "GPFS", true},
		{0x0bd00bd0, "Lustre", true},
		{0x786f4256, "a folder shared with a virtual machine", true},
		{0xbacbacbc, "a folder shared with a virtual machine", true},
		{0x12345678, "unknown (0x12345678)", true},
	} {
		if got := kindOfMagic(test.magic); got.name != test.name || got.silent != test.silent || got.shun {
			t.Errorf("%#x: got %+v, want %q, silent %t, and to be watched", test.magic, got, test.name, test.silent)
		}
	}
	// procfs tells of nothing, and every Linux has it.
	if got := kindOf("/proc"); !got.silent || !strings.Contains(got.name, "0x9fa0") {
		t.Errorf("/proc: got %+v, want an unknown kind by its number", got)
	}
	if got := kindOf("/nowhere/at/all"); !got.silent {
		t.Errorf("no such directory: got %+v, want that nothing is known", got)
	}
}
