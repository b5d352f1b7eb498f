package anthropic

// forms say in which form the calls of an answer go back to the client.
type forms struct {
	custom map[string]bool // names of tools whose input is a plain text
	answer answerForm
	tool   string // the name of the tool whose input is the answer
	legacy bool   // function_call rather than tool_calls
}

// answerForm says whether the answer comes as the input of a tool.
type answerForm int

const (
	noAnswerTool  answerForm = iota
	answerPlain              // its input is the answer
	answerWrapped            // a property of its input is, see wrapper
)

// form is the form of one call.
type form int

const (
	functionForm form = iota // tool_calls with function
	customForm               // tool_calls with custom
	legacyForm               // function_call
	textForm                 // the content
	wrappedForm              // the content, to be unwrapped
)

func (f forms) of(name string) form {
	switch {
	case name == f.tool && f.answer == answerPlain:
		return textForm
	case name == f.tool && f.answer == answerWrapped:
		return wrappedForm
	case f.custom[name]:
		return customForm
	case f.legacy:
		return legacyForm
	default:
		return functionForm
	}
}
