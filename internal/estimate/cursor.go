package estimate

import "bytes"

// cursor walks a JSON document from left to right, once. gjson would unescape,
// and so copy, every string it is asked for, and would walk a nested value again
// on each level.
//
// The document should be valid, which chat.Parse sees to; if it is not, the walk
// still ends, since every step moves on.
type cursor struct {
	doc []byte
	at  int
}

// peek moves to the next byte that is no white space and returns it; 0 at the end.
func (c *cursor) peek() byte {
	for ; c.at < len(c.doc); c.at++ {
		switch b := c.doc[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// more steps into a list or object, or over the comma to its next element. At
// the end it steps out and returns false.
func (c *cursor) more(end byte) bool {
	if c.peek() != end {
		c.at++ // the opening bracket or the comma
	}
	if c.peek() == end {
		c.at++
		return false
	}
	return c.at < len(c.doc)
}

// name returns the name of the member at which the cursor stands, as JSON
// writes it, and moves to its value.
func (c *cursor) name() []byte {
	name := c.str()
	c.peek()
	c.at++ // the colon
	c.peek()
	return name
}

// str returns the string at which the cursor stands, without its quotes and as
// JSON writes it. It skips any other value and returns nil.
func (c *cursor) str() []byte {
	if c.peek() != '"' {
		c.skip()
		return nil
	}
	start := c.at + 1
	c.at = endOfString(c.doc, start)
	return c.doc[start : c.at-1]
}

// raw returns the value at which the cursor stands and moves behind it.
func (c *cursor) raw() []byte {
	c.peek()
	start := min(c.at, len(c.doc))
	c.skip()
	return c.doc[start:min(c.at, len(c.doc))]
}

// skip moves behind a value.
func (c *cursor) skip() {
	for depth := 0; ; {
		switch c.peek() {
		case 0:
			c.at = len(c.doc)
			return
		case '"':
			c.at = endOfString(c.doc, c.at+1)
		case '{', '[':
			depth++
			c.at++
		case '}', ']':
			depth--
			c.at++
		case ',', ':':
			c.at++
		default:
			c.skipWord()
		}
		if depth <= 0 {
			return
		}
	}
}

// skipWord moves behind a number, true, false or null.
func (c *cursor) skipWord() {
	if i := bytes.IndexAny(c.doc[c.at:], ",:}] \t\r\n"); i > 0 {
		c.at += i
		return
	}
	c.at = len(c.doc)
}

// endOfString returns the place after the quote that ends the string whose text
// begins at start.
func endOfString(doc []byte, start int) int {
	for i := start; ; i++ {
		quote := bytes.IndexByte(doc[min(i, len(doc)):], '"')
		if quote < 0 {
			return len(doc) + 1
		}
		if i += quote; !escaped(doc[start:i]) {
			return i + 1
		}
	}
}

// escaped reports whether what follows text has a backslash of its own before
// it: an even number of them escape each other.
func escaped(text []byte) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}
