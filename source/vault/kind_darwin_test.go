package vault

import "testing"

func TestKindOf(t *testing.T) {
	for name, want := range map[string]kind{
		"apfs": {name: "local"}, "hfs": {name: "local"}, "nfs": shunned("NFS"), "smbfs": shunned("SMB"),
		"macfuse": shunned("FUSE"), "lifs": shunned("lifs"),
	} {
		if got := kindOfName(name); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	if got := kindOf("/"); got.silent {
		t.Errorf("/: got %+v, want a local one", got)
	}
}
