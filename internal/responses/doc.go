// Package responses serves OpenAI's Responses API to clients, whatever the
// provider behind.
//
// A dialect that has the API gets the client's bytes. For any other the request
// becomes a Chat Completions request, which every dialect can encode, and the
// answer is turned back: translate.go is the table of contents of the way there,
// answer.go and stream.go are those of the way back. JSON values are copied raw
// into one buffer and never decoded into structs, so that the same request
// always gives the same bytes and a prompt cache can know them.
//
// A translated request must hold all that the model is to read: what the API
// keeps on OpenAI's servers (previous_response_id, conversation, item_reference,
// background) is refused there, with what to send instead.
//
// # Reasoning
//
// Thinking models want their thoughts back, unchanged, while a tool loop lasts.
// The API's place for that is encrypted_content of a reasoning item, which
// clients return without looking into it. Translated answers put there
//
//	fallow.reasoning.v1.BASE64URL
//
// where the rest is unpadded base64url of a JSON array: the reasoning_details of
// Chat Completions, pieces joined, with the members type, text, signature, data,
// id and format as far as the provider sent them. It is no secret: the client has
// seen the text, and a signature is worth nothing without it. What has another
// prefix was made by somebody else, can be read by nobody else, and is left out.
package responses
