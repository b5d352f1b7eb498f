package embedded

import (
	"encoding/json"
	"fmt"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/fallow-dev/fallow/internal/store"
)

// The file has one bucket; inside, one bucket per partition with the items by
// sort key. An item is a JSON object of its attributes, {"cool_until":12,
// "reason":"rate_limit"}: as JSON tells numbers from texts it needs no schema,
// and the bbolt command line tool shows it readably.
var rootBucket = []byte("items")

func load(db *bolt.DB) (*Memory, error) {
	m := NewMemory()
	err := db.Update(func(tx *bolt.Tx) error {
		root, err := tx.CreateBucketIfNotExists(rootBucket)
		if err != nil {
			return err
		}
		return root.ForEachBucket(func(partition []byte) error {
			return loadPartition(m, string(partition), root.Bucket(partition))
		})
	})
	m.dirty = make(map[store.Key]struct{}) // from here on: what load itself put is in the file
	return m, err
}

func loadPartition(m *Memory, partition string, bucket *bolt.Bucket) error {
	return bucket.ForEach(func(sort, data []byte) error {
		attrs, err := decode(data)
		if err != nil {
			return fmt.Errorf("item %s/%s: %w", partition, sort, err)
		}
		m.put(store.Item{Key: store.Key{Partition: partition, Sort: string(sort)}, Attrs: attrs})
		return nil
	})
}

func save(db *bolt.DB, items []store.Item) error {
	return db.Update(func(tx *bolt.Tx) error {
		for _, item := range items {
			bucket, err := tx.Bucket(rootBucket).CreateBucketIfNotExists([]byte(item.Key.Partition))
			if err != nil {
				return err
			}
			if err := saveItem(bucket, item); err != nil {
				return err
			}
		}
		return nil
	})
}

func saveItem(bucket *bolt.Bucket, item store.Item) error {
	if len(item.Attrs) == 0 {
		return bucket.Delete([]byte(item.Key.Sort))
	}
	data, err := encode(item.Attrs)
	if err != nil {
		return err
	}
	return bucket.Put([]byte(item.Key.Sort), data)
}

func encode(attrs map[string]store.Value) ([]byte, error) {
	plain := make(map[string]any, len(attrs))
	for name, v := range attrs {
		plain[name] = v.Int()
		if v.IsText() {
			plain[name] = v.Str()
		}
	}
	return json.Marshal(plain)
}

func decode(data []byte) (map[string]store.Value, error) {
	var plain map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber() // a float64 would lose the last digits of an int64
	if err := decoder.Decode(&plain); err != nil {
		return nil, err
	}
	attrs := make(map[string]store.Value, len(plain))
	for name, v := range plain {
		value, err := decodeValue(v)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		attrs[name] = value
	}
	return attrs, nil
}

func decodeValue(v any) (store.Value, error) {
	switch v := v.(type) {
	case string:
		return store.Text(v), nil
	case json.Number:
		n, err := v.Int64()
		return store.Num(n), err
	}
	return store.Value{}, fmt.Errorf("%v is neither a whole number nor a text", v)
}
