package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth bounds how deep arrays and objects may nest. Tool schemas reach some
// twenty levels. gjson validates by recursion, so the bound is what keeps a body
// of opening brackets from exhausting the stack.
const maxDepth = 256

// example shows whoever sent something else what a body is, whichever API it is of.
const example = `a JSON object, such as {"model": "NAME", …}`

// checkSyntax says where a body stops being JSON. gjson is several times as fast
// as encoding/json but answers only yes or no, so the latter is asked for the
// place once it is known that there is one.
func checkSyntax(body string) error {
	if at := tooDeep(body); at >= 0 {
		return &ParamError{Message: fmt.Sprintf("the body nests arrays and objects more than %d deep, at byte %d", maxDepth, at)}
	}
	if gjson.Valid(body) {
		return nil
	}
	if strings.TrimSpace(body) == "" {
		return &ParamError{Message: "the body is empty: send " + example}
	}
	message := "the body is not valid JSON"
	var broken *json.SyntaxError
	if err := json.Unmarshal([]byte(body), new(json.RawMessage)); errors.As(err, &broken) {
		message = fmt.Sprintf("the body is not valid JSON: %v, at byte %d of %d", broken, broken.Offset, len(body))
	}
	return &ParamError{Message: message}
}

// tooDeep returns the place where a body nests deeper than maxDepth, or -1. It
// agrees with a validator as far as the body is valid, which is as far as the
// validator goes.
func tooDeep(body string) int {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = endOfString(body, i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return i
			}
		case '}', ']':
			depth--
		}
	}
	return -1
}
