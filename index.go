package daybook

import "hash/maphash"

// index finds the lines of a day by their event_id. An entry takes eight bytes: 28 bits of the id's hash and 36 bits of
// the line's offset. Two ids may share the 28 bits, so who finds an entry looks at the line.
type index struct {
	seed  maphash.Seed
	slots []uint64 // hash<<36 | offset+1; 0 is free; a power of two of them, at most seven eighths taken
	used  int
}

const (
	offsetBits = 36
	// maxDaySize is the largest day file, in bytes: 64 GiB.
	maxDaySize = 1<<offsetBits - 2
	hashMask   = 1<<(64-offsetBits) - 1
)

func (x *index) hash(id []byte) uint64 { return maphash.Bytes(x.seed, id) & hashMask }

// find calls same with the offset of each line whose id has this hash until same returns true.
func (x *index) find(hash uint64, same func(offset int64) (bool, error)) (bool, error) {
	if len(x.slots) == 0 {
		return false, nil
	}
	mask := uint64(len(x.slots) - 1)
	for i := hash & mask; x.slots[i] != 0; i = (i + 1) & mask {
		if x.slots[i]>>offsetBits != hash {
			continue
		}
		if found, err := same(int64(x.slots[i]&(1<<offsetBits-1)) - 1); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

func (x *index) add(hash uint64, offset int64) {
	if x.used*8 >= len(x.slots)*7 {
		old := x.slots
		x.slots = make([]uint64, max(64, 2*len(old)))
		for _, s := range old {
			if s != 0 {
				x.place(s)
			}
		}
	}
	x.place(hash<<offsetBits | uint64(offset+1))
	x.used++
}

func (x *index) place(slot uint64) {
	mask := uint64(len(x.slots) - 1)
	i := slot >> offsetBits & mask
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = slot
}

func (x *index) reset() { x.slots, x.used = nil, 0 }
