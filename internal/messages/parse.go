package messages

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Parse reads a request and checks what the gateway relies on. What it does not
// know it leaves alone: the provider may. The error is always a *ParamError.
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
	return r, nil
}

func (r *Request) check() error {
	if err := chat.CheckModel(r.Get("model")); err != nil {
		return err
	}
	if err := checkMessages(r.Get("messages")); err != nil {
		return err
	}
	if v := r.Get("stream"); v.Exists() && !v.IsBool() {
		return fault("stream", "must be true or false")
	}
	if v := r.Get("system"); v.Exists() && !isString(v) && !v.IsArray() {
		return fault("system", "must be a string or a list of text blocks")
	}
	// 0 is allowed: it fills the prompt cache and writes nothing (Anthropic docs,
	// build-with-claude/prompt-caching).
	if v := r.Get("max_tokens"); v.Exists() && !isCount(v) {
		return fault("max_tokens", "must be an integer of at least 0")
	}
	if v := r.Get("tools"); v.Exists() {
		return checkObjects("tools", v)
	}
	return nil
}

func checkMessages(v gjson.Result) error {
	if err := checkObjects("messages", v); err != nil {
		return err
	}
	var err error
	i := 0
	v.ForEach(func(_, message gjson.Result) bool {
		err = checkMessage(i, message)
		i++
		return err == nil
	})
	if i == 0 {
		return fault("messages", "must hold at least one message")
	}
	return err
}

// checkMessage leaves the blocks to whoever reads them. A system message may
// stand among the others on newer models.
func checkMessage(i int, message gjson.Result) error {
	at := fmt.Sprintf("messages[%d]", i)
	switch role := message.Get("role"); {
	case !isString(role), role.Str != "user" && role.Str != "assistant" && role.Str != "system":
		return fault(at+".role", "must be one of user, assistant and system")
	}
	if v := message.Get("content"); !isString(v) && !v.IsArray() {
		return fault(at+".content", "must be a string or a list of content blocks")
	}
	return nil
}

func checkObjects(path string, v gjson.Result) error {
	if !v.IsArray() {
		return fault(path, "must be a list of objects")
	}
	var err error
	i := 0
	v.ForEach(func(_, item gjson.Result) bool {
		if !item.IsObject() {
			err = fault(fmt.Sprintf("%s[%d]", path, i), "must be an object")
		}
		i++
		return err == nil
	})
	return err
}

func isCount(v gjson.Result) bool { return chat.IsInteger(v, 0) }

// fault is a *ParamError for the parameter at path.
func fault(path, format string, args ...any) error {
	return &ParamError{Param: path, Message: fmt.Sprintf(format, args...)}
}
