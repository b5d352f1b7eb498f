package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a document. The size is a third of what one DynamoDB item
// holds, where revisions are kept. The others keep the YAML parser, whose time
// grows with the square of both, below a second.
const (
	maxDocument = 128 << 10 // bytes
	maxEntries  = 10_000    // of all maps together
	maxDepth    = 32        // the schema needs 7
)

// Load reads and parses the document in a file.
func Load(path string) (*Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return Parse(data, path)
}

// Parse reads a document of YAML or JSON, which is YAML too, fills in the
// defaults and checks it. name stands before the faults. The error is Faults
// and holds everything that is wrong; only faults of syntax hide others.
func Parse(data []byte, name string) (*Config, error) {
	r := newReport(name)
	root := parseSyntax(data, r)
	if r.faults != nil {
		return nil, r.err()
	}
	cfg := &Config{}
	decodeInto(root, cfg, r)
	check(cfg, r)
	if err := r.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// Validate makes the checks of Parse on a document that was made in memory.
// The error is Faults.
func (c *Config) Validate() error {
	r := newReport("")
	check(c, r)
	return r.err()
}

// Revision names a version of a document: the first 12 hex digits of its
// SHA-256. Any change of a byte changes it, comments included, since a comment
// can be what a revision was made for.
func Revision(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// parseSyntax returns the root of the one document in data; nil when it is
// empty or faults were reported.
func parseSyntax(data []byte, r *report) ast.Node {
	if len(data) > maxDocument {
		r.addAt(token.Position{}, "", "the document is larger than %d KiB", maxDocument>>10)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	tokens := lexer.Tokenize(string(data))
	if checkBounds(tokens, r); r.faults != nil {
		return nil
	}
	// Duplicate keys are found by the decoder, which can go on after one.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.addSyntax(err, data)
		return nil
	}
	return onlyDocument(file, r)
}

// addSyntax takes the parser's message without its excerpt of the source,
// which may show a credential.
func (r *report) addSyntax(err error, data []byte) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		r.addAt(token.Position{}, "", "this is not YAML")
		return
	}
	where := *at.GetToken().Position
	if tab := indentTab(data, where.Line); tab > 0 {
		r.addAt(token.Position{Line: where.Line, Column: tab}, "", "indent with spaces, not tabs")
		return
	}
	r.addAt(where, "", "this is not YAML: %s", at.GetMessage())
}

// indentTab is the column of the tab by which a line is indented, 0 without one.
// It is asked only where the parser could not go on: the flow style of JSON may
// have tabs there.
func indentTab(data []byte, line int) int {
	lines := bytes.Split(data, []byte("\n"))
	if line < 1 || line > len(lines) {
		return 0
	}
	text := lines[line-1]
	indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
	return bytes.IndexByte(indent, '\t') + 1
}

func onlyDocument(file *ast.File, r *report) (root ast.Node) {
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.DirectiveType:
		case root != nil:
			r.addAt(position(doc.Body), "", "the file holds a second document: keep one, without --- lines")
		default:
			root = doc.Body
		}
	}
	return root
}

// checkBounds reports where a document has one level or entry too many. Levels
// made by indentation alone are not counted: they cost their own square in bytes.
func checkBounds(tokens token.Tokens, r *report) {
	open, line, dashes, entries := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.TagType, token.AnchorType:
			dashes++
		case token.MappingKeyType:
			dashes++
			entries++
		case token.MappingValueType:
			entries++
		}
		if open+dashes > maxDepth {
			r.addAt(*t.Position, "", "the document is nested deeper than %d levels", maxDepth)
			return
		}
		if entries > maxEntries {
			r.addAt(*t.Position, "", "the document has more than %d entries", maxEntries)
			return
		}
	}
}
