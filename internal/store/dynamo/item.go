package dynamo

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
)

func encode(v store.Value) types.AttributeValue {
	if v.IsText() {
		return &types.AttributeValueMemberS{Value: v.Str()}
	}
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(v.Int(), 10)}
}

func encodeKey(k store.Key) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		store.PartitionAttr: &types.AttributeValueMemberS{Value: k.Partition},
		store.SortAttr:      &types.AttributeValueMemberS{Value: k.Sort},
	}
}

// decode reads the attributes of the item with that key; nil if raw has none
// besides the key. An attribute of a type that Fallow never writes is an
// error: left out it would look absent here and present to every condition.
func decode(key store.Key, raw map[string]types.AttributeValue) (store.Item, error) {
	item := store.Item{Key: key}
	for name, v := range raw {
		if name == store.PartitionAttr || name == store.SortAttr {
			continue
		}
		value, err := decodeValue(v)
		if err != nil {
			return store.Item{}, fmt.Errorf("item %s/%s: attribute %s: %w", key.Partition, key.Sort, name, err)
		}
		if item.Attrs == nil {
			item.Attrs = make(map[string]store.Value, len(raw))
		}
		item.Attrs[name] = value
	}
	return item, nil
}

func decodeValue(v types.AttributeValue) (store.Value, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return store.Text(v.Value), nil
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			return store.Value{}, fmt.Errorf("%s is not a whole number of 64 bits", v.Value)
		}
		return store.Num(n), nil
	}
	return store.Value{}, fmt.Errorf("%T is neither a number nor a text", v)
}
