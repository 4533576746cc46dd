package message

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrFraming says that no next message can be found on a stream.
var ErrFraming = errors.New("no message boundary")

// Cut takes the first message off what was read of a stream (RFC 3261 §18.3), and
// says how many bytes it had; neither a size nor an error asks for more bytes.
// maxBytes bounds one message. A MalformedError with a size is a message that can be
// refused, the stream going on behind it. After ErrFraming there is nothing more to
// be read; when a message comes with it, that one can still be refused, with the
// status of the MalformedError inside.
func Cut(buf []byte, maxBytes int) (p *Parsed, size int, err error) {
	end := bytes.Index(buf, crlf2)
	if end < 0 {
		if len(buf) > maxBytes {
			return nil, 0, fmt.Errorf("%w: headers over %d bytes", ErrFraming, maxBytes)
		}
		return nil, 0, nil
	}
	p, first := parseHead(string(buf[:end]))
	if p == nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrFraming, first)
	}
	length, lost := p.contentLength()
	if lost == nil && length < 0 {
		lost = bad("no content-length on a stream")
	}
	if lost == nil && (length > maxBytes || end+4+length > maxBytes) {
		lost = &MalformedError{Status: 513, Why: fmt.Sprintf("message over %d bytes", maxBytes)}
	}
	if lost != nil {
		if first == nil || lost.Status != 400 {
			first = lost
		}
		p, err = p.finish(nil, first)
		return p, 0, fmt.Errorf("%w: %w", ErrFraming, err)
	}
	size = end + 4 + length
	if len(buf) < size {
		return nil, 0, nil
	}
	p, err = p.finish(buf[end+4:size], first)
	return p, size, err
}
