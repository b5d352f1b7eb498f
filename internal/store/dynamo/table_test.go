package dynamo

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/store"
)

// fake is a Client of functions.
type fake struct {
	query  func(*dynamodb.QueryInput) (*dynamodb.QueryOutput, error)
	get    func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error)
	update func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error)
}

func (f fake) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return f.query(in)
}

func (f fake) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return f.get(in)
}

func (f fake) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return f.update(in)
}

type raw = map[string]types.AttributeValue

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// Whoever reads a stale item takes a lifted cooldown for one that stands, and
// nothing would show it on an emulator, which is always consistent.
func TestReadsAreStronglyConsistent(t *testing.T) {
	t.Parallel()
	table := New(Config{Table: "fallow", Client: fake{
		query: func(in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
			if in.ConsistentRead == nil || !*in.ConsistentRead || *in.TableName != "fallow" {
				t.Errorf("Query: got table %s, consistent %v", *in.TableName, in.ConsistentRead)
			}
			return &dynamodb.QueryOutput{}, nil
		},
		get: func(in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
			if in.ConsistentRead == nil || !*in.ConsistentRead || *in.TableName != "fallow" {
				t.Errorf("GetItem: got table %s, consistent %v", *in.TableName, in.ConsistentRead)
			}
			return &dynamodb.GetItemOutput{}, nil
		},
	}})
	if _, err := table.Query(t.Context(), "pool"); err != nil {
		t.Error(err)
	}
	if _, found, err := table.Get(t.Context(), testKey); err != nil || found {
		t.Errorf("got %v, %v; want nothing", found, err)
	}
}

func TestUpdateInput(t *testing.T) {
	t.Parallel()
	input, err := New(Config{Table: "fallow", Client: fake{}}).updateInput(testKey, cooldown(100_000))
	if err != nil {
		t.Fatal(err)
	}
	if input.ReturnValues != types.ReturnValueAllNew || input.ReturnValuesOnConditionCheckFailure != types.ReturnValuesOnConditionCheckFailureAllOld {
		t.Errorf("got return values %s and %s, want ALL_NEW and ALL_OLD", input.ReturnValues, input.ReturnValuesOnConditionCheckFailure)
	}
	bare, err := New(Config{Table: "fallow", Client: fake{}}).updateInput(testKey, store.Change{Do: []store.Assign{store.Remove("a")}})
	if err != nil || bare.ExpressionAttributeValues != nil || bare.ConditionExpression != nil {
		t.Errorf("got values %v, condition %v, error %v; DynamoDB refuses empty ones", bare.ExpressionAttributeValues, bare.ConditionExpression, err)
	}
}

// A page may be empty and not be the last.
func TestQueryFollowsEveryPage(t *testing.T) {
	t.Parallel()
	item := func(sort string) raw { return raw{"p": text("pool"), "s": text(sort), "a": number("1")} }
	pages := []*dynamodb.QueryOutput{
		{Items: []raw{item("1"), item("2")}, LastEvaluatedKey: raw{"s": text("2")}},
		{LastEvaluatedKey: raw{"s": text("5")}},
		{Items: []raw{item("6"), {"p": text("pool"), "s": text("only a key")}}},
	}
	var starts []string
	table := New(Config{Table: "fallow", Client: fake{query: func(in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
		if start, ok := in.ExclusiveStartKey["s"].(*types.AttributeValueMemberS); ok {
			starts = append(starts, start.Value)
		}
		page := pages[0]
		pages = pages[1:]
		return page, nil
	}}})
	items, err := table.Query(t.Context(), "pool")
	if err != nil || len(items) != 3 || items[2].Key.Sort != "6" {
		t.Errorf("got %v, %v; want items 1, 2 and 6", items, err)
	}
	if got := strings.Join(starts, " "); got != "2 5" {
		t.Errorf("pages started after %q, want after 2 and 5", got)
	}
}

// Things that only another program can have written must show, with the place.
func TestForeignItems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		item raw
		want string
	}{
		{"fraction", raw{"s": text("g"), "a": number("1.5")}, "item pool/g: attribute a: 1.5 is not a whole number"},
		{"too large", raw{"s": text("g"), "a": number("9223372036854775808")}, "attribute a: 9223372036854775808"},
		{"other type", raw{"s": text("g"), "a": &types.AttributeValueMemberBOOL{Value: true}}, "neither a number nor a text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := New(Config{Table: "fallow", Client: fake{
				query: func(*dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
					return &dynamodb.QueryOutput{Items: []raw{tt.item}}, nil
				},
				update: func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
					return nil, &types.ConditionalCheckFailedException{Item: tt.item}
				},
			}})
			_, queryErr := table.Query(t.Context(), "pool")
			_, updateErr := table.Update(t.Context(), store.Key{Partition: "pool", Sort: "g"}, cooldown(1))
			for _, err := range []error{queryErr, updateErr} {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want %q", err, tt.want)
				}
			}
		})
	}
}

func TestQueryOfATableWithAnotherKey(t *testing.T) {
	t.Parallel()
	table := New(Config{Table: "fallow", Client: fake{query: func(*dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
		return &dynamodb.QueryOutput{Items: []raw{{"p": text("pool"), "s": number("1")}}}, nil
	}}})
	if _, err := table.Query(t.Context(), "pool"); err == nil || !strings.Contains(err.Error(), `no text in its sort key "s"`) {
		t.Errorf("got error %v, want one about the sort key", err)
	}
}

// The guard of an add looks to DynamoDB like the caller's condition. Only a
// condition of the caller's may come out as a refusal.
func TestFailedGuardIsAnError(t *testing.T) {
	t.Parallel()
	full := raw{"n": number("9223372036854775807")}
	table := New(Config{Table: "fallow", Client: fake{update: func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
		return nil, &types.ConditionalCheckFailedException{Item: full}
	}}})
	change := store.Change{Do: []store.Assign{store.Add("n", 1)}}
	if _, err := table.Update(t.Context(), testKey, change); !errors.Is(err, store.ErrAdd) {
		t.Errorf("got error %v, want ErrAdd", err)
	}
	change.If = store.Absent("n")
	got, err := table.Update(t.Context(), testKey, change)
	if err != nil || got.Applied || got.Item.Int("n") != math.MaxInt64 {
		t.Errorf("got %+v, %v; want a refusal with the item", got, err)
	}
}

func TestUpdateThatCannotBeCompiled(t *testing.T) {
	t.Parallel()
	change := store.Change{}
	for i := range 60 {
		change.Do = append(change.Do, store.Set(strings.Repeat("x", 50)+string(rune('a'+i%26))+string(rune('a'+i/26)), store.Num(1)))
	}
	_, err := New(Config{Table: "fallow", Client: fake{}}).Update(t.Context(), testKey, change)
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("got error %v, want ErrInvalid", err)
	}
}
