package rebalance

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// maxDigest bounds the JSON of a digest, in bytes: a reader takes in several
// at once, and a write of it costs as many units as it has kilobytes.
const maxDigest = 32 << 10

// DigestRecord names the record of a pool's digest.
func DigestRecord(pool string) store.Key {
	return store.Key{Partition: records.Partition(pool), Sort: "digest"}
}

// publish is the write of a digest, once a minute.
func publish(v view) (w write, ok bool) {
	record := v.item(DigestRecord(v.pool))
	if record.Int(records.AttrAt) >= v.minute() {
		return w, false
	}
	return write{record.Key, store.Change{
		If: unchanged(record, records.AttrAt),
		Do: []store.Assign{
			store.Set(records.AttrAt, store.Num(v.ms())), store.Set(records.AttrDigest, store.Text(string(digest(v).encode(maxDigest)))),
			store.Set(records.AttrTTL, records.TTL(v.ms(), records.KeepQuota)),
		},
	}, func(r *Report) { r.Digests++ }, nil}, true
}

// encode makes the JSON of a digest in at most that many bytes. What leaves no
// room is left out and counted: of groups those that are well go first, and
// of the longest group the last half of its keys or quotas.
func (d Digest) encode(most int) []byte {
	slices.SortStableFunc(d.Groups, func(a, b GroupDigest) int { return cmp.Compare(a.trouble(), b.trouble()) })
	for {
		text, err := json.Marshal(d)
		if err != nil {
			panic(err) // texts, numbers and times always encode
		}
		if len(text) <= most || !d.shrink() {
			return text
		}
	}
}

// trouble is 0 for a group that an operator should see and 1 for others.
func (g GroupDigest) trouble() int {
	for _, k := range g.Keys {
		if len(k.Rests) > 0 {
			return 0
		}
	}
	if len(g.Rests) > 0 {
		return 0
	}
	return 1
}

// shrink leaves something out; false when there is nothing left.
func (d *Digest) shrink() bool {
	if len(d.Groups) == 0 {
		notes := len(d.Notes) > 0
		d.Notes = nil
		return notes
	}
	size := func(g GroupDigest) int { return max(len(g.Keys), len(g.Quotas)) }
	longest := slices.MaxFunc(d.Groups, func(a, b GroupDigest) int { return cmp.Compare(size(a), size(b)) })
	if size(longest) > 4 {
		i := slices.IndexFunc(d.Groups, func(g GroupDigest) bool { return g.Name == longest.Name })
		d.Groups[i].halve(&d.LeftOut)
		return true
	}
	last := d.Groups[len(d.Groups)-1]
	d.Groups = d.Groups[:len(d.Groups)-1]
	d.LeftOut.Groups++
	d.LeftOut.Keys += len(last.Keys)
	d.LeftOut.Quotas += len(last.Quotas)
	return true
}

// halve leaves out half of the longer list.
func (g *GroupDigest) halve(out *LeftOut) {
	if len(g.Keys) >= len(g.Quotas) {
		// Those that rest stay.
		slices.SortStableFunc(g.Keys, func(a, b KeyDigest) int { return cmp.Compare(len(b.Rests), len(a.Rests)) })
		keep := len(g.Keys) / 2
		out.Keys += len(g.Keys) - keep
		g.Keys = g.Keys[:keep]
		return
	}
	keep := len(g.Quotas) / 2
	out.Quotas += len(g.Quotas) - keep
	g.Quotas = g.Quotas[:keep]
}
