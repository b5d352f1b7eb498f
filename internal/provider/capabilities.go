package provider

// Capabilities is what a provider's own list says that a model can do. A zero
// field means that it did not say.
type Capabilities struct {
	// MaxInput and MaxOutput are in tokens.
	MaxInput, MaxOutput int64
	// Thinking are the accepted kinds of thinking, in the provider's words;
	// empty but not nil when it cannot think at all. Efforts are its levels of
	// effort, least first.
	Thinking, Efforts []string
	// StructuredOutputs: answers can be held to a JSON Schema.
	StructuredOutputs *bool
	// Lifecycle is "active", "deprecated" or "retired".
	Lifecycle string
}
