package chat

import (
	"slices"
	"testing"

	"github.com/tidwall/gjson"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, object string
		want         []string
	}{
		{"empty", `{}`, nil},
		{"every kind", `{"a":"x","b":1.5e3,"c":true,"d":null,"e":[1,{"f":2}],"g":{"h":[]}}`,
			[]string{"a", `"x"`, "b", "1.5e3", "c", "true", "d", "null", "e", `[1,{"f":2}]`, "g", `{"h":[]}`}},
		{"space", "{ \"a\" :\t1 ,\r\n\"b\": [ ] , \"c\" : null }", []string{"a", "1", "b", "[ ]", "c", "null"}},
		{"strings with everything in them", `{"a\"b":"}]\\\"\\","c":["]\"",{"d":"}"}]}`,
			[]string{`a\"b`, `"}]\\\"\\"`, "c", `["]\"",{"d":"}"}]`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for name, value := range Members(tt.object) {
				got = append(got, name, value)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMembersStopsWhenAsked(t *testing.T) {
	t.Parallel()
	for name := range Members(`{"a":1,"b":2}`) {
		if name != "a" {
			t.Errorf("got %q after the loop was left", name)
		}
		break
	}
}

// FuzzMembers compares the walk with gjson's on every valid object.
func FuzzMembers(f *testing.F) {
	f.Add(`{"a":"x","b":1.5e3,"c":[1,{"f":"\\\""}] , "g":{}}`)
	f.Add(`{"a":{"b":{"c":[[[]]]}},"":""}`)
	f.Fuzz(func(t *testing.T, object string) {
		if tooDeep(object) >= 0 || !gjson.Valid(object) || object[0] != '{' {
			return
		}
		var want, got []string
		gjson.Parse(object).ForEach(func(key, value gjson.Result) bool {
			want = append(want, key.Raw, value.Raw)
			return true
		})
		for name, value := range Members(object) {
			got = append(got, `"`+name+`"`, value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q from %s", got, want, object)
		}
	})
}
