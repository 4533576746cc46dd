package transaction

import (
	"hash/maphash"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// AppendKey appends the id of a request's transaction (RFC 3261 §17.2.3), the same for
// every repetition.
func AppendKey(b []byte, req *message.Request) []byte { return appendKey(b, req, req.Method()) }

// appendKey is AppendKey with a method: CANCEL and ACK are matched to their INVITE by
// asking with its. Call-ID and CSeq keep peers apart that use one branch for
// everything.
func appendKey(b []byte, req *message.Request, method string) []byte {
	via := req.Via()
	if via.Modern() {
		b = append(append(b, via.Branch()...), ' ')
		b = via.AppendSentBy(b)
	} else { // RFC 2543: everything that such a peer keeps the same in a retransmission
		b = append(append(b, req.URI().String()...), ' ')
		b = append(b, req.From().Tag()...)
	}
	b = append(append(append(b, ' '), req.CallID()...), ' ')
	b = strconv.AppendUint(b, uint64(req.Seq()), 10)
	b = append(append(b, ' '), method...)
	if !via.Modern() {
		b = append(append(b, ' '), via.String()...)
	}
	return b
}

// keyRoom is what most keys need.
const keyRoom = 192

// imprint stands for a key: there are hundreds of thousands, which as strings the
// collector would have to visit one by one. That two keys have the same 128 bits is not to
// be expected, and not to be had by design either, as nobody knows the seeds. The zero
// imprint is that of no key.
type imprint [2]uint64

// press makes imprints.
type press [2]maphash.Seed

func newPress() press { return press{maphash.MakeSeed(), maphash.MakeSeed()} }

func (p *press) imprint(b []byte) imprint {
	return imprint{maphash.Bytes(p[0], b), maphash.Bytes(p[1], b)}
}

// key is that of a request's transaction, or of the INVITE's that it is for.
func (p *press) key(req *message.Request, method string) imprint {
	var room [keyRoom]byte
	return p.imprint(appendKey(room[:0], req, method))
}

// merge is of From tag, Call-ID and CSeq: a request that came by two ways has two keys and
// one of these.
func (p *press) merge(req *message.Request) imprint {
	if req.To().Tag() != "" {
		return imprint{}
	}
	var room [keyRoom]byte
	b := append(append(room[:0], req.From().Tag()...), ' ')
	b = append(append(b, req.CallID()...), ' ')
	n, method := req.CSeq()
	b = strconv.AppendUint(b, uint64(n), 10)
	return p.imprint(append(append(b, ' '), method...))
}
