package config

import (
	"encoding"
	"math"
	"reflect"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// text reads a scalar into a type that knows how to read itself.
func (d *decoder) text(n ast.Node, into encoding.TextUnmarshaler, path string) {
	s, ok := stringOf(n)
	if !ok {
		// A number without quotes takes the way of a text without a unit.
		s = n.GetToken().Value
	}
	if _, isScalar := n.(ast.ScalarNode); !isScalar {
		d.misfit(n, path, "needs one value, this is %s", kind(n))
	} else if err := into.UnmarshalText([]byte(s)); err != nil {
		d.misfit(n, path, "%s %v", show(s), err)
	}
}

// scalar reads a text, number or truth value. Nothing is converted: 1.0 is no
// version and yes is no truth value.
func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	ok := false
	switch v.Kind() {
	case reflect.String:
		var s string
		if s, ok = stringOf(n); ok {
			v.SetString(s)
		}
	case reflect.Bool:
		var b *ast.BoolNode
		if b, ok = n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
		}
	case reflect.Float64:
		var f float64
		if f, ok = floatOf(n); ok {
			v.SetFloat(f)
		}
	default: // int, int64
		var i int64
		if i, ok = intOf(n); ok {
			v.SetInt(i)
		}
	}
	if !ok {
		d.misfit(n, path, "needs %s, this is %s", needs[v.Kind()], kind(n))
	}
}

// needs says what a Go kind is called in messages.
var needs = map[reflect.Kind]string{
	reflect.String: "a text (in quotes if it looks like something else)", reflect.Bool: "true or false",
	reflect.Float64: "a number", reflect.Int: "a whole number", reflect.Int64: "a whole number",
}

func stringOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

func intOf(n ast.Node) (int64, bool) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch v := i.Value.(type) { // the parser has one type for each sign
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func floatOf(n ast.Node) (float64, bool) {
	if f, ok := n.(*ast.FloatNode); ok {
		return f.Value, true
	}
	i, ok := intOf(n)
	return float64(i), ok
}

// keyText returns the name that a map key is. YAML reads 4.1 as a number; as a
// key it is a name all the same.
func keyText(n ast.MapKeyNode) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// unsupported says why a construct of YAML is not taken; empty when it is.
// References inside a document lost: revisions are compared and edited entry
// by entry, and a few bytes could stand for gigabytes.
func unsupported(n ast.Node) string {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType:
		return "anchors and aliases are not supported: write the value out"
	case ast.TagType:
		return "tags are not supported: remove the one beginning with !"
	}
	return ""
}

func kind(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a map"
	case ast.SequenceType:
		return "a list"
	case ast.StringType, ast.LiteralType:
		return "a text"
	case ast.IntegerType, ast.FloatType:
		return "a number"
	case ast.InfinityType, ast.NanType:
		return "infinite or not a number"
	case ast.BoolType:
		return "true or false"
	}
	return "something else"
}

// position is where n begins. The token of a map in block style is its first
// colon; what a person looks for is its first key.
func position(n ast.Node) token.Position {
	if m, ok := n.(ast.MapNode); ok && n.GetToken().Type == token.MappingValueType {
		if it := m.MapRange(); it.Next() {
			return position(it.Key())
		}
	}
	return *n.GetToken().Position
}
