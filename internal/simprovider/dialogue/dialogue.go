// Package dialogue is what the simulated provider understands of a request
// and what it says in return, free of any wire dialect. The answer to a prompt
// is a pure function of the prompt, so that a test which asks the same
// question twice, streamed or whole, through whatever gateway, gets the same
// words.
package dialogue

import (
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/tidwall/gjson"
)

// Prompt is a valid request.
type Prompt struct {
	Model catalogue.Model
	// Stream asks for server-sent events; IncludeUsage for a usage chunk at
	// their end (OpenAI only).
	Stream, IncludeUsage bool
	// MaxTokens bounds the answer; the parser fills in the model's own bound
	// when the client named none. 0 asks for no output at all.
	MaxTokens int
	// Stops end the answer when they would occur in it.
	Stops []string

	// Text is what the user said in the last turn, Results what tools
	// returned in it, Media what came with it.
	Text    string
	Results []string
	Media   []Media

	Tools  []Tool
	Choice Choice
	// Schema is the JSON Schema that the answer must follow; JSON asks for
	// some JSON object.
	Schema gjson.Result
	JSON   bool
	// Thinking asks for a thinking block, with its text if ShowThinking.
	Thinking, ShowThinking bool
	// Search: the client offers a hosted web search. Demands are what the user
	// asks of the simulation; empty where the dialect knows none.
	Search  bool
	Demands []Demand

	// Encrypted asks for thoughts that another server can read (Responses only).
	Encrypted bool

	// Tokens is the true size of the prompt. Estimate is what a limiter takes
	// it for before it has looked closely; it is corrected to Tokens later.
	Tokens, Estimate int
	// Reserve is what the request may draw from a limit that counts
	// max_tokens beforehand (OpenAI's).
	Reserve int
	// Segments are the places up to which the prompt could be cached, in
	// order; empty when there is no caching to be done.
	Segments []Segment
	// Digest identifies the content. It does not depend on Stream.
	Digest uint64
}

// Media is an image or a document.
type Media struct {
	// Type is its media type; "url" or "file" when it was only referred to.
	Type string
	// Bytes is its size, 0 when it was only referred to.
	Bytes int
}

// Tool is a function that the client offers.
type Tool struct {
	Name   string
	Schema gjson.Result
}

// Choice says whether tools are to be called.
type Choice struct {
	Mode ChoiceMode
	// Tool is the one to call when Mode is Named.
	Tool string
	// Single forbids several calls in one turn.
	Single bool
}

// ChoiceMode is the rule for calling tools.
type ChoiceMode int

// The modes.
const (
	Auto  ChoiceMode = iota // the prompt decides
	None                    // no calls
	Any                     // at least one call
	Named                   // a call of Choice.Tool
)

// Segment is a prefix of a prompt.
type Segment struct {
	// Hash identifies the prefix; Tokens is its size.
	Hash   uint64
	Tokens int
	// TTL is how long the client wants it cached; 0 means that this is a
	// place where a cached prefix may end but nothing is to be written.
	TTL time.Duration
}

// Answer is what the model says.
type Answer struct {
	Blocks []Block
	Stop   Stop
	// StopSequence is the one that ended the answer, if Stop is StopSequence.
	StopSequence string
	Usage        Usage
}

// Block is one part of an answer.
type Block struct {
	Kind Kind
	// Pieces are the text, or the JSON of a call's arguments, cut as a stream
	// carries them. A call without arguments has none.
	Pieces []string
	// ID and Name belong to calls. ID lacks the prefix that each dialect has
	// for its ids.
	ID, Name string
	// Signature belongs to thinking.
	Signature string
	// Cut says that the answer's bound fell inside this block.
	Cut bool
	// Cites is what a text rests on.
	Cites Cite
}

// Cite is what a text rests on.
type Cite int

// The sources.
const (
	CiteNothing  Cite = iota
	CitePage          // of a hosted search
	CiteDocument      // that the client sent
)

// Kind is the kind of a block.
type Kind int

// The kinds.
const (
	Text Kind = iota
	Thinking
	ToolCall
	Redacted     // a thought that is not shown; its data is the signature
	ServerCall   // of a hosted tool
	ServerResult // of the ServerCall with its ID
)

// Stop says why an answer ended.
type Stop int

// The reasons.
const (
	EndTurn Stop = iota
	MaxTokens
	StopSequence
	ToolUse
	Declined  // by the safety system
	PauseTurn // of a turn with hosted tools
	WindowEnd // of the context
)

// Usage is what a request consumed, in tokens.
type Usage struct {
	// Input excludes what was read from or written to the cache.
	Input, CacheRead, CacheWrite5m, CacheWrite1h int
	// Output includes Thinking.
	Output, Thinking int
	// Searches are those of the hosted tool.
	Searches int
}

// Prompt is the size of the whole prompt.
func (u Usage) Prompt() int { return u.Input + u.CacheRead + u.CacheWrite5m + u.CacheWrite1h }

// Billed is the part of the prompt that counts against an input limit: all
// but what was read from the cache (Anthropic docs, api/rate-limits).
func (u Usage) Billed() int { return u.Prompt() - u.CacheRead }

// Refusal is an error for the client, free of dialect where it can be.
type Refusal struct {
	Status int
	// Type and Code are the dialect's own words; Code may be empty.
	Type, Code string
	// Param is the faulty parameter in OpenAI's errors; may be empty.
	Param   string
	Message string
	// RetryAfter is sent when it is positive.
	RetryAfter time.Duration
	// Page replaces the whole body, as proxies in front of an API do.
	Page string
	// Cause is the word under which the refusal is counted.
	Cause string
}

// TooLarge is the refusal of a body over the bound. It is the same in every
// dialect, and a page rather than JSON, because it is a proxy in front of the
// API that makes it.
func TooLarge() *Refusal {
	return &Refusal{Status: http.StatusRequestEntityTooLarge, Cause: "too_large", Page: "<html>\r\n" +
		"<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n" +
		"<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"}
}

// Call is one request as the server knows it.
type Call struct {
	// ID is the request's, MessageID the answer's, both without prefix.
	ID, MessageID string
	Created       time.Time
	// Model is the name the client used.
	Model string
	// OrganisationID is a UUID, OrganisationName the readable one and
	// WorkspaceID what Anthropic calls the part of it that holds the key.
	OrganisationID, OrganisationName, WorkspaceID string
	// IncludeUsage is the prompt's; Pings says that it demands them.
	IncludeUsage, Pings bool
	// Encrypted is the prompt's.
	Encrypted bool
}

// Event is one event of a stream.
type Event struct {
	// Data is ready to be written.
	Data []byte
	// Tokens is the output that it carries; Content says that it carries any.
	Tokens  int
	Content bool
}

// Tokens is the size in tokens of so many bytes of text.
func Tokens(bytes int) int { return (bytes + 3) / 4 }

// MediaTokens is the flat size of an image or a document. Providers count
// pixels and pages; their number does not matter here, only that it does not
// grow with the bytes of the encoding.
const MediaTokens = 1600
