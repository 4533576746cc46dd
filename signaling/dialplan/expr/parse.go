package expr

import (
	"errors"
	"fmt"
)

// node is one operation of a parsed expression, or a leaf.
type node struct {
	op    string // "" for a leaf
	leaf  value
	left  *node
	right *node
	third *node   // of "?"
	args  []*node // of "call"
}

// The binding powers of the binary operators.
var binding = map[string]int{
	"?": 2, "|": 3, "&": 4,
	"=": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5,
	"+": 6, "-": 6, "*": 7, "/": 7, "%": 7,
	":": 9, "=~": 9, "~~": 10,
}

const unaryBinding = 8

type parser struct {
	tokens []token
	at     int
	depth  int
}

func (p *parser) peek() token {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return token{}
}

// startsOperand reports whether an expression can begin here.
func (p *parser) startsOperand() bool {
	t := p.peek()
	return t.kind != tokOp || t.text == "(" || t.text == "-" || t.text == "!"
}

func (p *parser) take() token {
	t := p.peek()
	if p.at < len(p.tokens) {
		p.at++
	}
	return t
}

func (p *parser) takeOp(op string) bool {
	if t := p.peek(); t.kind == tokOp && t.text == op {
		p.at++
		return true
	}
	return false
}

// parse reads an expression whose operators bind more than least.
func (p *parser) parse(least int) (*node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxExprDepth {
		return nil, errExprTooDeep
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		if t.kind != tokOp {
			return left, nil
		}
		power := binding[t.text]
		if power == 0 || power <= least {
			return left, nil
		}
		p.at++
		if t.text == "?" {
			left, err = p.conditional(left)
		} else {
			var right *node
			if right, err = p.parse(power); err == nil {
				left = &node{op: t.text, left: left, right: right}
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// conditional reads what follows "cond ?". Asterisk separates by "::"; a single
// colon, which would be a match without a use there, is taken for the same.
func (p *parser) conditional(cond *node) (*node, error) {
	yes, err := p.parse(0)
	if err != nil {
		return nil, err
	}
	if !p.takeOp("::") {
		if yes.op == ":" {
			return &node{op: "?", left: cond, right: yes.left, third: yes.right}, nil
		}
		return nil, errors.New("no :: after ?")
	}
	no, err := p.parse(binding["?"])
	if err != nil {
		return nil, err
	}
	return &node{op: "?", left: cond, right: yes, third: no}, nil
}

func (p *parser) operand() (*node, error) {
	t := p.take()
	switch {
	case t.kind == tokEnd:
		return nil, errors.New("unexpected end")
	case t.kind == tokQuoted:
		return &node{leaf: quotedValue(t.text)}, nil
	case t.kind == tokText:
		if p.takeOp("(") {
			return p.call(t.text)
		}
		return &node{leaf: textValue(t.text)}, nil
	case t.text == "(":
		n, err := p.parse(0)
		if err != nil {
			return nil, err
		}
		if !p.takeOp(")") {
			return nil, errors.New("no closing )")
		}
		return n, nil
	case t.text == "-" || t.text == "!":
		n, err := p.parse(unaryBinding)
		if err != nil {
			return nil, err
		}
		return &node{op: "unary" + t.text, left: n}, nil
	}
	return nil, fmt.Errorf("unexpected %q", t.text)
}

// call reads the arguments of a function after its opening parenthesis.
func (p *parser) call(name string) (*node, error) {
	n := &node{op: "call", leaf: textValue(name)}
	if p.takeOp(")") {
		return n, nil
	}
	for {
		a, err := p.parse(0)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, a)
		if p.takeOp(")") {
			return n, nil
		}
		if !p.takeOp(",") {
			return nil, errors.New("no closing )")
		}
	}
}
