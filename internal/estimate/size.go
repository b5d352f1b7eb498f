package estimate

// Size is what the model of a request will read, by classes that differ in how
// many bytes make a token. All fields are at least 0. Bytes are those of the
// text in UTF-8: what JSON adds by escaping is left out, since a client that
// writes "\u4e2d" asks for the same token as one that writes the character.
type Size struct {
	// Text is the ASCII of prose and code, in bytes.
	Text int64
	// Wide is the characters outside ASCII wherever they stand, in bytes: CJK,
	// Cyrillic, emoji, accents.
	Wide int64
	// JSON is the ASCII of tools, schemas and tool calls, in bytes: punctuation
	// and short names, of which a token holds less than of prose.
	JSON int64
	// Fixed is in tokens: what follows from a Formula instead of from text.
	Fixed int64
}
