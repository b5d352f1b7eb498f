// Package simprovider is a simulated LLM provider for demonstrations, tests
// and load storms. It speaks Anthropic's Messages, and OpenAI's Chat
// Completions, Responses and further APIs, so the vendors' own SDKs complete
// against it; it has true token buckets behind its keys, answers
// deterministically, takes its time when told to, and breaks in all the ways
// real providers do.
//
// A Provider is an http.Handler. Start serves one on a loopback address.
//
//	p := simprovider.New(simprovider.Config{})
//	p.Inject(simprovider.Fault{Effect: fault.Stuck, Key: "sim-key-1", For: 20 * time.Minute})
//
// What it understands and says is in the packages below: quota (the limiter),
// fault (what can go wrong), dialogue (prompts and answers), catalogue (models
// and their rules), anthropic and openai (the wire).
package simprovider
