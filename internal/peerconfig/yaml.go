package peerconfig

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxValues bounds the tree: with anchors, a few lines can stand for billions.
const maxValues = 50_000

// parseYAML reads the first document of a YAML text. Anchors, aliases and
// merge keys are resolved, since people share settings of models by them.
func parseYAML(data []byte) (*value, error) {
	if len(data) > maxYAML {
		return nil, fmt.Errorf("the document is larger than %d KiB", maxYAML>>10)
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	if tooDeep(tokens) {
		return nil, errTooDeep
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, explainYAML(err)
	}
	y := yamlParser{anchors: map[string]ast.Node{}}
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			root := y.value(doc.Body, "", "", 0)
			return root, errors.Join(y.err, wantObject(root))
		}
	}
	return nil, wantObject(nil)
}

// tooDeep counts brackets, and what opens a level within one line. Levels made
// by indentation cost their own square in bytes.
func tooDeep(tokens token.Tokens) bool {
	open, line, within := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, within = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			within++
		}
		if open+within > maxDepth {
			return true
		}
	}
	return false
}

// explainYAML takes the place of a fault and leaves out the excerpt, which may
// show a credential.
func explainYAML(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("this is not YAML, see line %d", at.GetToken().Position.Line)
	}
	return errors.New("this is not YAML")
}

type yamlParser struct {
	builder
	anchors map[string]ast.Node
	err     error
}

func (y *yamlParser) value(n ast.Node, path, name string, depth int) *value {
	n = y.resolve(n)
	if depth > maxDepth || y.count > maxValues {
		y.err = errors.New("the document is nested too deep, or its aliases stand for too much")
	}
	if y.err != nil || n == nil {
		return y.builder.value(path, name, null, "")
	}
	switch n := n.(type) {
	case ast.MapNode:
		v := y.builder.value(path, name, object, "")
		y.fields(v, n, depth)
		return v
	case *ast.SequenceNode:
		v := y.builder.value(path, name, list, "")
		for i, entry := range n.Values {
			v.items = append(v.items, y.value(entry, item(path, i), name, depth+1))
		}
		return v
	}
	k, scalar := scalarOf(n)
	return y.builder.value(path, name, k, scalar)
}

// resolve follows aliases and takes off anchors and tags. A chain of them ends,
// since an alias can only name what stands before it.
func (y *yamlParser) resolve(n ast.Node) ast.Node {
	for range maxDepth {
		switch t := n.(type) {
		case *ast.AnchorNode:
			y.anchors[t.Name.GetToken().Value] = t.Value
			n = t.Value
		case *ast.AliasNode:
			n = y.anchors[t.Value.GetToken().Value]
		case *ast.TagNode:
			n = t.Value
		default:
			return n
		}
	}
	return nil
}

// fields adds the entries of a map. What is merged in gives way to what stands
// in the map itself (YAML 1.1, merge key).
func (y *yamlParser) fields(v *value, m ast.MapNode, depth int) {
	var merged []ast.Node
	for it := m.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			merged = append(merged, y.resolve(it.Value()))
			continue
		}
		_, key := scalarOf(it.Key())
		v.keys = append(v.keys, key)
		v.items = append(v.items, y.value(it.Value(), join(v.path, key), key, depth+1))
	}
	for _, node := range merged {
		y.merge(v, node, depth)
	}
}

// merge takes a map, or the maps of a list.
func (y *yamlParser) merge(v *value, n ast.Node, depth int) {
	if s, ok := n.(*ast.SequenceNode); ok {
		for _, entry := range s.Values {
			y.merge(v, y.resolve(entry), depth+1)
		}
		return
	}
	m, ok := n.(ast.MapNode)
	if !ok || depth > maxDepth {
		return
	}
	from := y.builder.value(v.path, v.name, object, "")
	y.fields(from, m, depth+1)
	for i, key := range from.keys {
		if v.get(key) == nil {
			v.keys, v.items = append(v.keys, key), append(v.items, from.items[i])
		}
	}
}

func scalarOf(n ast.Node) (kind, string) {
	switch n := n.(type) {
	case *ast.StringNode:
		return text, n.Value
	case *ast.LiteralNode:
		return text, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		return number, n.GetToken().Value
	case *ast.BoolNode:
		return truth, fmt.Sprint(n.Value)
	case *ast.NullNode:
		return null, "null"
	}
	return null, ""
}
