package rtp

import "encoding/binary"

// Requests is a set of what may be asked for in feedback, as a=rtcp-fb names it (RFC 4585
// §4.2). What was not agreed on is not sent.
type Requests uint8

// The requests that are known here.
const (
	RequestNACK Requests = 1 << iota // "nack"
	RequestPLI                       // "nack pli"
	RequestFIR                       // "ccm fir" (RFC 5104 §7.1)
	RequestREMB                      // "goog-remb"
)

// RequestsOf is the set of names as in a=rtcp-fb, without the unknown.
func RequestsOf(names []string) (r Requests) {
	for _, name := range names {
		switch name {
		case "nack":
			r |= RequestNACK
		case "nack pli":
			r |= RequestPLI
		case "ccm fir":
			r |= RequestFIR
		case "goog-remb":
			r |= RequestREMB
		}
	}
	return r
}

// Request is what a message asks for; none for what is unknown here.
func (f *Feedback) Request() Requests {
	switch {
	case f.Kind == TransportFeedback && f.Format == FormatNACK:
		return RequestNACK
	case f.Kind == PayloadFeedback && f.Format == FormatPLI:
		return RequestPLI
	case f.Kind == PayloadFeedback && f.Format == FormatFIR:
		return RequestFIR
	case f.Kind == PayloadFeedback && f.Format == FormatApplication:
		return RequestREMB
	}
	return 0
}

// firEntry is the size of an entry of a FIR: stream, number, reserved (RFC 5104 §4.3.1.1).
const firEntry = 8

// Pictures numbers the FIR that are sent to one party, whoever asked: one with the number
// of the last is its repetition, and ignored (RFC 5104 §4.3.1.2).
type Pictures struct {
	number uint8
	asker  uint32
	theirs uint8
	asked  bool
}

// Fit makes of a message, about one stream, one that is among what was agreed on: a picture
// is asked for by PLI or FIR, whichever there is. It is false where there is none.
func (p *Pictures) Fit(f *Feedback, agreed Requests) bool {
	what := f.Request()
	switch {
	case what == RequestPLI && agreed&(RequestPLI|RequestFIR) == RequestFIR:
		p.number++
		p.full(f, f.Media)
	case what == RequestFIR && len(f.Detail) < firEntry:
		return false
	case what == RequestFIR && agreed&RequestFIR != 0:
		if theirs := f.Detail[4]; !p.asked || theirs != p.theirs || f.Sender != p.asker {
			p.asked, p.asker, p.theirs = true, f.Sender, theirs
			p.number++
		}
		p.full(f, binary.BigEndian.Uint32(f.Detail))
	case what == RequestFIR && agreed&RequestPLI != 0:
		f.Format, f.Media, f.Detail = FormatPLI, binary.BigEndian.Uint32(f.Detail), nil
	default:
		return what&agreed != 0
	}
	return true
}

// full makes of a message a FIR about a stream.
func (p *Pictures) full(f *Feedback, stream uint32) {
	entry := make([]byte, firEntry)
	binary.BigEndian.PutUint32(entry, stream)
	entry[4] = p.number
	f.Format, f.Media, f.Detail = FormatFIR, 0, entry
}
