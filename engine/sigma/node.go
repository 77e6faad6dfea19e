package sigma

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Kind is what a [Node] is.
type Kind int

// The kinds of nodes. A scalar that YAML takes for a number, a boolean or
// nothing is of that kind; quoted it is Text.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Map
)

func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "a map"}[k]
}

// Node is a value of a YAML document with its place. Aliases are resolved.
type Node struct {
	Position
	Kind Kind
	// Text is a scalar as it stands in the file, without quotes: 012 stays 012.
	Text    string
	Items   []*Node // of a List
	Entries []Entry // of a Map, in order
}

// Entry is one key of a Map with its value.
type Entry struct {
	Key   *Node
	Value *Node
}

// Get is the value of a key of a Map, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key.Text == key {
			return e.Value
		}
	}
	return nil
}

// Scalar reports whether n is neither List nor Map.
func (n *Node) Scalar() bool { return n != nil && n.Kind < List }

// The bounds of one document. They are far above any rule, and keep a hostile one
// from taking all memory by aliases of aliases.
const (
	maxFileBytes = 8 << 20
	maxNodes     = 200_000
	maxNesting   = 60
)

// fail is an [Error] at the place of n.
func (n *Node) fail(hint, format string, args ...any) *Error {
	return &Error{Position: n.Position, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// documents takes the text of a file apart at the lines --- and ..., so that a
// document that is no YAML does not take the others with it.
func documents(text string) (docs []document) {
	var b strings.Builder
	start := 1
	flush := func(next int) {
		if strings.TrimSpace(b.String()) != "" {
			docs = append(docs, document{b.String(), start})
		}
		b.Reset()
		start = next
	}
	line := 0
	for l := range strings.Lines(text) {
		line++
		bare := strings.TrimRight(l, " \t\r\n")
		switch {
		case bare == "---" || strings.HasPrefix(l, "--- ") || strings.HasPrefix(l, "---\t"):
			flush(line)
			// What stands behind the dashes is of the document.
			b.WriteString("   " + l[3:])
		case bare == "...":
			flush(line + 1)
		default:
			b.WriteString(l)
		}
	}
	flush(0)
	return docs
}

type document struct {
	text string
	line int // the file's, of its first
}

// parseDocument reads one document of file; nil where it holds comments alone.
func parseDocument(file string, d document) (n *Node, err *Error) {
	at := Position{File: file, Line: d.line}
	defer func() {
		// The parser is not ours; what it trips over is a bad document.
		if p := recover(); p != nil {
			n, err = nil, &Error{Position: at, Msg: fmt.Sprintf("not YAML: %v", p)}
		}
	}()
	f, perr := parser.ParseBytes([]byte(d.text), 0)
	if perr != nil {
		e := &Error{Position: at, Msg: "not YAML: " + firstLine(perr.Error())}
		var pos yaml.Error
		if errors.As(perr, &pos) {
			e.Msg = "not YAML: " + pos.GetMessage()
			if tok := pos.GetToken(); tok != nil && tok.Position != nil {
				e.Line, e.Column = d.line+tok.Position.Line-1, tok.Position.Column
			}
		}
		return nil, e
	}
	c := converter{file: file, offset: d.line - 1, anchors: map[string]ast.Node{}}
	for _, doc := range f.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if n != nil {
			return nil, &Error{Position: at, Msg: "not YAML: two documents without --- between them"}
		}
		if n, err = c.node(doc.Body, 0); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// converter makes Nodes of the parser's.
type converter struct {
	file    string
	offset  int // lines before the document
	anchors map[string]ast.Node
	made    int
}

// at is where n begins. The token of a map in block style is its first colon.
func (c *converter) at(n ast.Node) Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return c.at(m.Values[0])
		}
	case *ast.MappingValueNode:
		return c.at(m.Key)
	}
	p := Position{File: c.file, Line: c.offset + 1}
	if tok := n.GetToken(); tok != nil && tok.Position != nil {
		p.Line, p.Column = c.offset+tok.Position.Line, tok.Position.Column
	}
	return p
}

func (c *converter) node(n ast.Node, depth int) (*Node, *Error) {
	if n == nil {
		return &Node{Position: Position{File: c.file, Line: c.offset + 1}}, nil
	}
	out := &Node{Position: c.at(n)}
	c.made++
	switch {
	case c.made > maxNodes:
		return nil, out.fail("", "the document has more than %d values", maxNodes)
	case depth > maxNesting:
		return nil, out.fail("", "values are nested more than %d deep", maxNesting)
	}
	text := func() string {
		if tok := n.GetToken(); tok != nil {
			return tok.Value
		}
		return n.String()
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		c.anchors[name] = n.Value
		return c.node(n.Value, depth+1)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		value, ok := c.anchors[name]
		if !ok {
			return nil, out.fail("", "*%s: there is no &%s before it", name, name)
		}
		return c.node(value, depth+1)
	case *ast.TagNode:
		value, err := c.node(n.Value, depth+1)
		if err == nil && value.Scalar() && n.Start.Value == "!!str" {
			value.Kind = Text
		}
		return value, err
	case *ast.MappingValueNode:
		out.Kind = Map
		return out, c.entry(out, n, depth)
	case *ast.MappingNode:
		out.Kind = Map
		for _, v := range n.Values {
			if err := c.entry(out, v, depth); err != nil {
				return nil, err
			}
		}
	case *ast.SequenceNode:
		out.Kind = List
		for _, v := range n.Values {
			item, err := c.node(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, item)
		}
	case *ast.NullNode:
		out.Kind = Null
	case *ast.BoolNode:
		out.Kind, out.Text = Bool, text()
	case *ast.IntegerNode, *ast.FloatNode:
		out.Kind, out.Text = Number, text()
	case *ast.StringNode:
		out.Kind, out.Text = Text, n.Value
	case *ast.LiteralNode:
		out.Kind, out.Text = Text, n.Value.Value
	case *ast.InfinityNode, *ast.NanNode:
		out.Kind, out.Text = Text, text()
	default:
		return nil, out.fail("", "%s has no place in a rule", strings.ToLower(n.Type().String()))
	}
	return out, nil
}

func (c *converter) entry(out *Node, v *ast.MappingValueNode, depth int) *Error {
	if v.Key.Type() == ast.MergeKeyType {
		merged, err := c.node(v.Value, depth+1)
		if err != nil {
			return err
		}
		for _, e := range merged.Entries {
			if out.Get(e.Key.Text) == nil {
				out.Entries = append(out.Entries, e)
			}
		}
		return nil
	}
	key, err := c.node(v.Key, depth+1)
	if err != nil {
		return err
	}
	if !key.Scalar() {
		return key.fail("", "a key is %s, and must be a text", key.Kind)
	}
	value, err := c.node(v.Value, depth+1)
	if err != nil {
		return err
	}
	if value.Line == c.offset+1 && value.Column == 0 {
		value.Position = key.Position
	}
	out.Entries = append(out.Entries, Entry{key, value})
	return nil
}
