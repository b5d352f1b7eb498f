package chat

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

// maxModel bounds the length in bytes of a model name, which ends up in headers,
// metrics and table keys. The longest of OpenAI's, those of fine-tunes, have
// about 100.
const maxModel = 256

// maxInteger is the largest integer that every JSON reader keeps exactly.
const maxInteger = 1 << 53

// optional are the checks of fields that may be absent or null, in the order in
// which their faults are reported.
var optional = []struct {
	field string
	check func(path string, v gjson.Result) error
}{
	{"stream", boolean},
	{"stream_options", streamOptions},
	{"n", positive},
	{"max_tokens", positive},
	{"max_completion_tokens", positive},
	{"temperature", temperature},
	{"tools", objects},
}

func (r *Request) check() error {
	if err := CheckModel(r.Get("model")); err != nil {
		return err
	}
	if err := checkMessages(r.Get("messages")); err != nil {
		return err
	}
	for _, o := range optional {
		if v := r.Get(o.field); v.Exists() {
			if err := o.check(o.field, v); err != nil {
				return err
			}
		}
	}
	// OpenAI refuses it as well. To be lenient would hide from clients that they
	// ask for a usage chunk they will not get.
	if r.Get("stream_options").Exists() && !r.Get("stream").Bool() {
		return &ParamError{"stream_options", "is only allowed with \"stream\": true"}
	}
	return nil
}

// CheckModel checks the field "model" of any API; the error is a *ParamError.
func CheckModel(v gjson.Result) error {
	switch {
	case v.Type != gjson.String || v.Str == "":
		return &ParamError{"model", "must be a non-empty string that names a model"}
	case len(v.Str) > maxModel:
		return &ParamError{"model", fmt.Sprintf("is longer than %d bytes", maxModel)}
	case strings.ContainsFunc(v.Str, unicode.IsControl):
		return &ParamError{"model", "must not contain control characters"}
	}
	return nil
}

func checkMessages(v gjson.Result) error {
	if !v.IsArray() {
		return &ParamError{"messages", "must be a non-empty array of messages"}
	}
	var err error
	i := 0
	v.ForEach(func(_, message gjson.Result) bool {
		err = checkMessage(i, message)
		i++
		return err == nil
	})
	if i == 0 {
		return &ParamError{"messages", "must hold at least one message"}
	}
	return err
}

// checkMessage leaves the content to the dialects: what is allowed there
// differs between them and grows every few months.
func checkMessage(i int, message gjson.Result) error {
	if !message.IsObject() {
		return &ParamError{fmt.Sprintf("messages[%d]", i), "must be an object with role and content"}
	}
	role := message.Get("role")
	if role.Type != gjson.String || !knownRole(role.Str) {
		return &ParamError{fmt.Sprintf("messages[%d].role", i),
			"must be one of system, developer, user, assistant, tool and function"}
	}
	return nil
}

func knownRole(role string) bool {
	switch role {
	case "system", "developer", "user", "assistant", "tool", "function":
		return true
	}
	return false
}

func boolean(path string, v gjson.Result) error {
	if !v.IsBool() {
		return &ParamError{path, "must be true or false"}
	}
	return nil
}

// IsInteger reports whether v is a whole number of at least least that every
// JSON reader keeps exactly.
func IsInteger(v gjson.Result, least float64) bool {
	return v.Type == gjson.Number && v.Num == math.Trunc(v.Num) && least <= v.Num && v.Num <= maxInteger
}

func positive(path string, v gjson.Result) error {
	if !IsInteger(v, 1) {
		return &ParamError{path, "must be an integer of at least 1"}
	}
	return nil
}

func temperature(path string, v gjson.Result) error {
	if v.Type != gjson.Number || v.Num < 0 || v.Num > 2 {
		return &ParamError{path, "must be a number between 0 and 2"}
	}
	return nil
}

func streamOptions(path string, v gjson.Result) error {
	if !v.IsObject() {
		return &ParamError{path, "must be an object"}
	}
	if usage := v.Get("include_usage"); usage.Type != gjson.Null {
		return boolean(path+".include_usage", usage)
	}
	return nil
}

func objects(path string, v gjson.Result) error {
	if !v.IsArray() {
		return &ParamError{path, "must be an array of objects"}
	}
	var err error
	i := 0
	v.ForEach(func(_, item gjson.Result) bool {
		if !item.IsObject() {
			err = &ParamError{fmt.Sprintf("%s[%d]", path, i), "must be an object"}
		}
		i++
		return err == nil
	})
	return err
}
