package load

import (
	"hash/maphash"
	"sync"
)

// place is a record: the place of its file in the order of the load, from 1,
// and its number in the file. Records of earlier loads have file 0.
type place struct {
	file, record uint32
}

func (p place) before(q place) bool {
	return p.file < q.file || p.file == q.file && p.record < q.record
}

// seen remembers the keys of the events of one table. Of two events with one
// key the one that stands first, by file and then by record, is the row, in
// whatever order threads come upon them: so a load that was cut off and run
// again gives the same rows.
//
// A key is remembered as 128 bits of seeded hash: 24 bytes an event, and no
// realistic chance (below 1e-20 for a billion events) that two keys are taken
// for one.
type seen struct {
	seeds  [2]maphash.Seed
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex
	slots []slot // a power of two; open addressing
	n     int
}

type slot struct {
	hash [2]uint64 // both 0: free
	at   place
}

func newSeen() *seen {
	return &seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// add says that the event with key stands at p. It returns whether p is the
// first place so far, and the place that was first before, which loses it.
// Only the files in open, those of the insert that is running, can lose.
func (s *seen) add(key []byte, p place, open map[uint32]*task) (first bool, loser place, lost bool) {
	h := [2]uint64{maphash.Bytes(s.seeds[0], key), maphash.Bytes(s.seeds[1], key) | 1}
	sh := &s.shards[h[0]>>58]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.n*4 >= len(sh.slots)*3 {
		sh.grow()
	}
	k := sh.find(h)
	switch x := &sh.slots[k]; {
	case x.hash == [2]uint64{}:
		*x = slot{h, p}
		sh.n++
		return true, place{}, false
	case x.at == p:
		return true, place{}, false // its file is read again
	case p.before(x.at) && open[x.at.file] != nil:
		loser, x.at = x.at, p
		return true, loser, true
	default:
		return false, place{}, false
	}
}

// find is the slot of h, or the free one where it belongs.
func (sh *shard) find(h [2]uint64) int {
	mask := len(sh.slots) - 1
	k := int(h[0]) & mask
	for sh.slots[k].hash != h && sh.slots[k].hash != [2]uint64{} {
		k = (k + 1) & mask
	}
	return k
}

func (sh *shard) grow() {
	old := sh.slots
	sh.slots = make([]slot, max(64, 2*len(old)))
	for _, x := range old {
		if x.hash != [2]uint64{} {
			sh.slots[sh.find(x.hash)] = x
		}
	}
}
