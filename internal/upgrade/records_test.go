package upgrade

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// record is an item of the table as a file holds it.
type record struct {
	Partition, Sort string
	Numbers         map[string]int64  `json:",omitempty"`
	Texts           map[string]string `json:",omitempty"`
}

// dump lists the pool's records.
func dump(t *testing.T, table store.Table) []record {
	t.Helper()
	items, err := table.Query(t.Context(), "pool#claude")
	if err != nil {
		t.Fatal(err)
	}
	var all []record
	for _, item := range items {
		r := record{Partition: item.Key.Partition, Sort: item.Key.Sort, Numbers: map[string]int64{}, Texts: map[string]string{}}
		for name, v := range item.Attrs {
			if v.IsText() {
				r.Texts[name] = v.Str()
			} else {
				r.Numbers[name] = v.Int()
			}
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b record) int { return strings.Compare(a.Sort, b.Sort) })
	return all
}

func embeddedTable() store.Table { return embedded.NewMemory() }

// restore makes a table of records.
func restore(t *testing.T, records []record) store.Table {
	t.Helper()
	table := embedded.NewMemory()
	for _, r := range records {
		var change store.Change
		for name, n := range r.Numbers {
			change.Do = append(change.Do, store.Set(name, store.Num(n)))
		}
		for name, text := range r.Texts {
			change.Do = append(change.Do, store.Set(name, store.Text(text)))
		}
		if _, err := table.Update(t.Context(), store.Key{Partition: r.Partition, Sort: r.Sort}, change); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func load[T any](t *testing.T, path string) (v T) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func save(t *testing.T, path string, v any) {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		err = os.WriteFile(path, append(raw, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
