package responses

import (
	"slices"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Translation is a request in the form of Chat Completions.
type Translation struct {
	Chat *chat.Request
	// Dropped names the client's parameters that have no counterpart there and
	// were left out, such as "truncation" and "tools.web_search".
	Dropped []string

	tools               tools    // what the functions are to the client
	messages, functions []string // the client's path of each message and tool
}

// ToChat translates a request. The error is a *chat.ParamError for what can
// neither be translated nor left out.
func ToChat(req *Request) (*Translation, error) {
	e := &encoder{req: req, b: make([]byte, 0, len(req.Raw)+len(req.Raw)/8+1<<10)}
	if err := e.encode(); err != nil {
		return nil, err
	}
	body, err := chat.Parse(e.b)
	if err != nil {
		return nil, e.blame(err) // little can be left to find, such as too deep a schema
	}
	e.Chat = body
	return &e.Translation, nil
}

// encoder writes one request. It is used once.
type encoder struct {
	Translation
	req    *Request
	b      []byte // the body so far
	choice choice
	named  map[string]string // the path of the tool that a function is made of, by its name
}

func (e *encoder) encode() error {
	e.b = append(e.b, '{')
	e.field("model", e.req.Get("model").Raw)
	steps := [...]func() error{
		e.refuseState,
		e.readChoice,
		e.writeMessages,
		e.writeTools, // and tool_choice
		e.writeText,
		e.writeReasoning,
		e.writeInclude,
		e.writeRest,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	e.b = append(e.b, '}')
	return nil
}

// field writes a field of the body; value is JSON.
func (e *encoder) field(name, value string) {
	e.b = add(next(e.b), `"`, name, `":`, value)
}

// maxDropped bounds a response header whose names are partly of the client's making.
const maxDropped = 20

// drop notes a name once.
func (e *encoder) drop(name string) {
	if isWord(name) && len(name) <= 64 && len(e.Dropped) < maxDropped && !slices.Contains(e.Dropped, name) {
		e.Dropped = append(e.Dropped, name)
	}
}
