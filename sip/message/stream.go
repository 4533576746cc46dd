package message

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrFraming says that no next message can be found on a stream.
var ErrFraming = errors.New("no message boundary")

// Cutter takes messages off a stream (RFC 3261 §18.3). It looks at each byte of a
// head once and takes it apart once, however slowly the message comes.
type Cutter struct {
	maxBytes int
	searched int // bytes that hold no end of the head

	// Of a head that is there, while its body is not.
	head  *Parsed
	first *MalformedError
	body  int // where it begins
	size  int // of the whole message
}

// NewCutter makes a Cutter for messages of at most so many bytes.
func NewCutter(maxBytes int) *Cutter { return &Cutter{maxBytes: maxBytes} }

// Cut takes the first message off what was read of the stream and not cut off yet,
// and says how many bytes it had; neither a size nor an error asks for more bytes
// behind those. A MalformedError with a size is a message that can be refused, the
// stream going on behind it. After ErrFraming there is nothing more to be read; when
// a message comes with it, that one can still be refused, with the status of the
// MalformedError inside.
func (c *Cutter) Cut(buf []byte) (p *Parsed, size int, err error) {
	if c.head == nil {
		if p, err := c.takeHead(buf); c.head == nil {
			return p, 0, err
		}
	}
	if len(buf) < c.size {
		return nil, 0, nil
	}
	p, err = c.head.finish(buf[c.body:c.size], c.first)
	size = c.size
	*c = Cutter{maxBytes: c.maxBytes}
	return p, size, err
}

// takeHead sets c.head when it is there and tells where the message ends.
func (c *Cutter) takeHead(buf []byte) (*Parsed, error) {
	from := max(0, c.searched-len(crlf2)+1)
	end := bytes.Index(buf[from:], crlf2)
	if end < 0 {
		if c.searched = len(buf); len(buf) > c.maxBytes {
			return nil, fmt.Errorf("%w: headers over %d bytes", ErrFraming, c.maxBytes)
		}
		return nil, nil
	}
	end += from
	p, first := parseHead(string(buf[:end]))
	if p == nil {
		return nil, fmt.Errorf("%w: %w", ErrFraming, first)
	}
	length, lost := p.contentLength()
	if lost == nil && length < 0 {
		lost = bad("no content-length on a stream")
	}
	if lost == nil && (length > c.maxBytes || end+4+length > c.maxBytes) {
		lost = &MalformedError{Status: 513, Why: fmt.Sprintf("message over %d bytes", c.maxBytes)}
	}
	if lost != nil {
		if first == nil || lost.Status != 400 {
			first = lost
		}
		p, err := p.finish(nil, first)
		return p, fmt.Errorf("%w: %w", ErrFraming, err)
	}
	c.head, c.first, c.body, c.size = p, first, end+4, end+4+length
	return nil, nil
}
