package vault

import "testing"

func TestKindOf(t *testing.T) {
	if got := kindOf(t.TempDir()); got.silent {
		t.Errorf("the temporary directory: got %+v, want a local one", got)
	}
	if got := kindOf(`\\localhost\no-such-share\dir`); !got.silent {
		t.Errorf("a share: got %+v, want that it does not tell of everything", got)
	}
}
