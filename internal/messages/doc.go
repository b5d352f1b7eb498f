// Package messages serves Anthropic's Messages API to clients, whatever the
// provider behind.
//
// A dialect that has the API gets the client's bytes. For any other the request
// becomes a Chat Completions request, which every dialect can encode, and the
// answer is turned back: translate.go is the table of contents of the way there,
// whole.go and stream.go are those of the way back. As in the dialects, JSON
// values are copied raw into one buffer and never decoded into structs, so that
// the same request always gives the same bytes and a prompt cache can know them.
//
// What Chat Completions has no place for is left out and named, unless the
// client would miss it in the answer: that is refused.
package messages
