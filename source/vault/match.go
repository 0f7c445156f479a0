package vault

import (
	"cmp"
	"slices"

	"daybook/canvas"
)

// inventory is what tells a board from another: the ids of its nodes.
type inventory struct {
	board string
	ids   []string // without repetitions
}

// matchRenames says which of the new boards is which of the missing ones under another name: new path to old path. A
// rename is followed when over half of the old board's ids are in the new one; among several the greatest share wins,
// then the greater number, then the order of the paths. Each board is used once.
func matchRenames(missing, fresh []inventory) map[string]string {
	holders := map[string][]int{} // node id to the missing boards that have it
	for i, m := range missing {
		for _, id := range m.ids {
			holders[id] = append(holders[id], i)
		}
	}
	type pair struct{ old, new, shared int }
	var pairs []pair
	for n, f := range fresh {
		shared := map[int]int{}
		for _, id := range f.ids {
			for _, i := range holders[id] {
				shared[i]++
			}
		}
		for i, s := range shared {
			if 2*s > len(missing[i].ids) {
				pairs = append(pairs, pair{i, n, s})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(
			cmp.Compare(b.shared*len(missing[a.old].ids), a.shared*len(missing[b.old].ids)),
			cmp.Compare(b.shared, a.shared),
			cmp.Compare(missing[a.old].board, missing[b.old].board),
			cmp.Compare(fresh[a.new].board, fresh[b.new].board),
		)
	})
	renames := map[string]string{}
	taken := map[int]bool{}
	for _, p := range pairs {
		if _, used := renames[fresh[p.new].board]; used || taken[p.old] {
			continue
		}
		renames[fresh[p.new].board] = missing[p.old].board
		taken[p.old] = true
	}
	return renames
}

// isOther reports whether a file that holds the cards ids is hardly the board old: half or less of old's are there.
func isOther(ids []string, old *canvas.Board) bool {
	if old == nil || len(old.Nodes) == 0 {
		return false
	}
	shared := 0
	before := idsOf(old)
	for _, id := range before {
		if _, ok := slices.BinarySearch(ids, id); ok {
			shared++
		}
	}
	return 2*shared <= len(before)
}

// settleRenames is matchRenames where a new board may lie at the path of an old one, so that both have the same name. A
// board at whose path another one seems to lie stays itself all the same when nobody else is it, and so does one whose
// path is there in another spelling only.
func settleRenames(old, fresh []inventory) map[string]string {
	for {
		renames := matchRenames(old, fresh)
		claimed := map[string]bool{}
		for _, from := range renames {
			claimed[from] = true
		}
		stays := func(i inventory) bool {
			isOld := slices.ContainsFunc(old, func(o inventory) bool { return o.board == i.board })
			return renames[i.board] != "" && isOld && !claimed[i.board]
		}
		n := slices.IndexFunc(fresh, stays)
		if n < 0 {
			respell(renames, old, fresh)
			return renames
		}
		board := fresh[n].board
		is := func(i inventory) bool { return i.board == board }
		old, fresh = slices.DeleteFunc(slices.Clone(old), is), slices.DeleteFunc(slices.Clone(fresh), is)
	}
}

// respell adds to renames the new boards that are at the path of an old one in another spelling, where nobody else is.
func respell(renames map[string]string, old, fresh []inventory) {
	taken, known := map[string]bool{}, map[string]bool{}
	for _, from := range renames {
		taken[from] = true
	}
	for _, f := range fresh {
		taken[f.board] = true
	}
	free := map[string]string{} // old boards by the keys of their paths
	for _, o := range old {
		known[o.board] = true
		if !taken[o.board] {
			free[foldKey(o.board)] = o.board
		}
	}
	for _, f := range fresh {
		key := foldKey(f.board)
		if from, ok := free[key]; ok && renames[f.board] == "" && !known[f.board] {
			renames[f.board] = from
			delete(free, key)
		}
	}
}

// link is a new board in a chain of those that are recorded one after the other.
type link struct {
	path    string
	from    string // which known board it is; "" if none
	first   bool   // the board known at path has to make room for it, until its turn comes
	chained bool   // the board at from has its turn next
}

// chainsOf puts new boards into the order in which they can be recorded: who takes a path comes after the one who was
// there has got another. Where boards have changed places in a circle, the first one's has to make room. paths are those of
// the new boards, sorted; renames is what settleRenames said.
func chainsOf(paths []string, renames map[string]string) [][]link {
	fresh, taken := map[string]bool{}, map[string]bool{} // taken: paths whose board is another new one
	for _, path := range paths {
		fresh[path] = true
	}
	for _, from := range renames {
		taken[from] = fresh[from]
	}
	var chains [][]link
	done := map[string]bool{}
	follow := func(path string, circle bool) {
		var chain []link
		for ; fresh[path] && !done[path]; path = renames[path] {
			done[path] = true
			from := renames[path]
			chain = append(chain, link{path: path, from: from, first: circle && len(chain) == 0, chained: taken[from]})
		}
		if chain != nil {
			chains = append(chains, chain)
		}
	}
	for _, path := range paths {
		if !taken[path] {
			follow(path, false)
		}
	}
	for _, path := range paths {
		follow(path, true)
	}
	return chains
}

// distinct sorts ids and drops repetitions.
func distinct(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}
