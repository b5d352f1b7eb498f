package responses

import "github.com/tidwall/gjson"

const stateless = "this model's provider keeps nothing between requests; send the whole input instead, " +
	"with store: false and include: [\"reasoning.encrypted_content\"] if the model reasons"

// refuseState refuses what is about state on OpenAI's servers. To leave it out
// would have the model answer without having read the conversation.
func (e *encoder) refuseState() error {
	for _, name := range [...]string{"previous_response_id", "conversation"} {
		if !isEmpty(e.req.Get(name)) {
			return fault(name, stateless)
		}
	}
	if e.req.Get("background").Type == gjson.True {
		return fault("background", "this model's provider keeps nothing between requests, so there would be no answer to fetch; use stream: true")
	}
	if e.req.Get("prompt").Exists() {
		return fault("prompt", "prompt templates are kept by OpenAI; send instructions and input instead")
	}
	return nil
}
