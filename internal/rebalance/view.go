package rebalance

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// view is a pool as its records told it.
type view struct {
	now  time.Time
	pool string
	keys []member // in the order of the document
	// groups are the quota groups that have keys, by name.
	groups map[string][]member
	items  map[store.Key]store.Item
}

// member is a key of the document in its group.
type member struct {
	name   string
	group  string
	record store.Item
}

func newView(now time.Time, name string, p config.Pool, items map[store.Key]store.Item) view {
	v := view{now: now, pool: name, groups: map[string][]member{}, items: items}
	for _, k := range p.Keys {
		m := member{name: k.Name, record: v.item(records.Key(name, k.Name))}
		m.group = groupOf(k, m.record.Str(records.AttrOwner))
		v.keys = append(v.keys, m)
		v.groups[m.group] = append(v.groups[m.group], m)
	}
	return v
}

// groupOf is the rule of package pool: the quota that the operator named, else
// the organisation learned, else the key by itself.
func groupOf(k config.Key, owner string) string { return cmp.Or(k.Quota, owner, k.Name) }

// item is the record of that key, or one without attributes.
func (v view) item(key store.Key) store.Item {
	if item, ok := v.items[key]; ok {
		return item
	}
	return store.Item{Key: key}
}

// ms is now as shared records have it.
func (v view) ms() int64 { return v.now.UnixMilli() }

// minute is the beginning of the running minute. It is the fence of what may
// happen once a minute: whoever comes second finds the minute taken, however
// the first one's clock stood to the second's.
func (v view) minute() int64 { return v.now.Truncate(time.Minute).UnixMilli() }

// sorted returns the records whose sort key begins so, in order.
func (v view) sorted(prefix string) []store.Item {
	var found []store.Item
	for _, item := range v.items {
		if strings.HasPrefix(item.Key.Sort, prefix) {
			found = append(found, item)
		}
	}
	slices.SortFunc(found, func(a, b store.Item) int { return strings.Compare(a.Key.Sort, b.Key.Sort) })
	return found
}

// groupNames lists the groups in order.
func (v view) groupNames() []string { return slices.Sorted(maps.Keys(v.groups)) }

// unchanged is the fence of most writes here: the attributes are as they were
// read.
func unchanged(item store.Item, attrs ...string) store.Cond {
	var all []store.Cond
	for _, attr := range attrs {
		if v, ok := item.Attrs[attr]; ok {
			all = append(all, store.Is(attr, store.EQ, v))
		} else {
			all = append(all, store.Absent(attr))
		}
	}
	return store.All(all...)
}

// write is a change that a step has decided on.
type write struct {
	key    store.Key
	change store.Change
	// done notes in the report that the write was applied; nil notes nothing.
	done func(*Report)
	// news is what the log is told then; nil is nothing.
	news *message
}

// message is a line of the log and its attributes.
type message struct {
	text  string
	attrs []any
}

func say(text string, attrs ...any) *message { return &message{text, attrs} }
