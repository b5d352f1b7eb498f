package responses

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Parse reads a request and checks what the gateway relies on. What it does not
// know it leaves alone: the provider may. The error is always a *chat.ParamError.
//
// The request keeps body, which must not be modified afterwards.
func Parse(body []byte) (*Request, error) {
	doc, err := chat.ParseDocument(body)
	if err != nil {
		return nil, err
	}
	r := &Request{Document: doc}
	if err := r.check(); err != nil {
		return nil, err
	}
	r.Model = r.Get("model").Str
	r.Stream = r.Get("stream").Bool()
	r.PreviousResponseID = r.Get("previous_response_id").Str
	r.Store = r.Get("store").Type != gjson.False
	return r, nil
}

// optional are the checks of fields that may be absent or null, in the order in
// which their faults are reported.
var optional = []struct {
	field string
	ok    func(gjson.Result) bool
	want  string
}{
	{"instructions", isString, "must be a string"},
	{"input", isInput, "must be a string or a list of items"},
	{"stream", gjson.Result.IsBool, "must be true or false"},
	{"store", gjson.Result.IsBool, "must be true or false"},
	{"background", gjson.Result.IsBool, "must be true or false"},
	{"previous_response_id", isString, "must be a string"},
	{"max_output_tokens", isCount, "must be an integer of at least 1"},
	{"temperature", isTemperature, "must be a number between 0 and 2"},
	{"tools", gjson.Result.IsArray, "must be a list of objects"},
	{"text", gjson.Result.IsObject, "must be an object"},
	{"reasoning", gjson.Result.IsObject, "must be an object"},
	{"include", gjson.Result.IsArray, "must be a list of strings"},
}

func (r *Request) check() error {
	if err := chat.CheckModel(r.Get("model")); err != nil {
		return err
	}
	for _, o := range optional {
		if v := r.Get(o.field); v.Exists() && !o.ok(v) {
			return fault(o.field, "%s", o.want)
		}
	}
	for _, list := range [...]string{"input", "tools"} {
		if err := checkObjects(list, r.Get(list)); err != nil {
			return err
		}
	}
	return nil
}

// checkObjects leaves what stands in the objects to those who translate them.
func checkObjects(path string, list gjson.Result) (err error) {
	if !list.IsArray() {
		return nil
	}
	i := 0
	list.ForEach(func(_, item gjson.Result) bool {
		if !item.IsObject() {
			err = fault(fmt.Sprintf("%s[%d]", path, i), "must be an object")
		}
		i++
		return err == nil
	})
	return err
}

func isInput(v gjson.Result) bool { return isString(v) || v.IsArray() }

func isCount(v gjson.Result) bool { return chat.IsInteger(v, 1) }

func isTemperature(v gjson.Result) bool {
	return v.Type == gjson.Number && 0 <= v.Num && v.Num <= 2
}
