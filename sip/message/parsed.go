package message

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Parsed is a message as it was read, with what every message holds in its
// parts. It is read only: nobody changes it after Parse or Cutter.Cut gave it.
type Parsed struct {
	raw Message

	// Filled by check, from the headers.
	via         Via
	from, to    Address
	callID      string
	cseq        uint32
	cseqMethod  string
	maxForwards int // -1 when absent
}

// IsResponse reports whether it is a response rather than a request.
func (p *Parsed) IsResponse() bool { return p.raw.Status != 0 }

// Answerable reports whether a request that could not be accepted can at least be
// refused: its topmost Via tells whose it is. Nil is not answerable.
func (p *Parsed) Answerable() bool {
	return p != nil && p.raw.Method != "" && p.raw.Method != "ACK" && p.via.Host != ""
}

// Header is the value of the first header of that name, or "".
func (p *Parsed) Header(name string) string { return p.raw.Headers.Value(LongName(name)) }

// HasHeader reports whether a header of that name is there.
func (p *Parsed) HasHeader(name string) bool { return p.raw.Headers.Has(LongName(name)) }

// Headers is every value of that name, one for each header line, unsplit.
func (p *Parsed) Headers(name string) []string { return p.raw.Headers.All(LongName(name)) }

// Tokens is every element of a comma-separated header such as Supported or
// Allow, across its lines, without white space.
func (p *Parsed) Tokens(name string) []string { return p.raw.Headers.Tokens(LongName(name)) }

// HasToken reports whether a header has that element, in whatever case.
func (p *Parsed) HasToken(name, token string) bool {
	return slices.ContainsFunc(p.Tokens(name), func(t string) bool { return strings.EqualFold(t, token) })
}

// AllHeaders is a copy of all headers in the order of the wire, long names.
func (p *Parsed) AllHeaders() []Header { return append([]Header(nil), p.raw.Headers...) }

// Via is the topmost Via.
func (p *Parsed) Via() Via { return p.via }

// From is the From header.
func (p *Parsed) From() Address { return p.from }

// To is the To header.
func (p *Parsed) To() Address { return p.to }

// CallID is the Call-ID.
func (p *Parsed) CallID() string { return p.callID }

// CSeq is the number and the method of the CSeq header.
func (p *Parsed) CSeq() (uint32, string) { return p.cseq, p.cseqMethod }

// Seq is the number of the CSeq header.
func (p *Parsed) Seq() uint32 { return p.cseq }

// Contacts is every Contact, in order; an error when one cannot be parsed.
func (p *Parsed) Contacts() ([]Address, error) { return p.Addresses("Contact") }

// Addresses parses every value of an address header.
func (p *Parsed) Addresses(name string) ([]Address, error) {
	var out []Address
	for _, v := range p.raw.Headers.All(name) {
		as, err := ParseAddressList(v)
		if err != nil {
			return nil, fault.New(fault.Invalid, "header %s: %w", name, err)
		}
		out = append(out, as...)
	}
	return out, nil
}

// Expires is the Expires header in seconds, and whether there is a sound one.
func (p *Parsed) Expires() (int, bool) {
	n, err := strconv.ParseUint(trimSpace(p.raw.Headers.Value("Expires")), 10, 32)
	return int(n), err == nil
}

// Body is the whole body; do not change it.
func (p *Parsed) Body() []byte { return p.raw.Body }

// ContentType is the media type of the body in lower case, without parameters.
func (p *Parsed) ContentType() string {
	t, _, _ := strings.Cut(p.raw.Headers.Value("Content-Type"), ";")
	return strings.ToLower(trimSpace(t))
}
