package traffic

import (
	"bytes"
	"crypto/md5" //nolint:gosec // RFC 2617's digest
	"encoding/hex"
)

// head appends what each request begins with.
func (d *Drive) head(b []byte, method, user string, p *phone) []byte {
	b = append(b, method...)
	b = append(b, " sip:"...)
	if user != "" {
		b = append(append(b, user...), '@')
	}
	b = append(b, d.server...)
	b = append(b, " SIP/2.0\r\n"...)
	return d.via(b, p)
}

func (d *Drive) via(b []byte, p *phone) []byte {
	b = append(b, "Via: SIP/2.0/UDP "...)
	b = append(b, d.local...)
	b = append(b, ";rport;branch="...)
	b = p.append(b)
	return append(b, "\r\nMax-Forwards: 70\r\n"...)
}

func (d *Drive) sequence(b []byte, n uint64, method string) []byte {
	b = append(b, "\r\nCSeq: "...)
	b = appendNumber(b, n, 1+len(digitsOf(n)))
	b = append(b, ' ')
	b = append(b, method...)
	return append(b, "\r\n"...)
}

// digitsOf are placeholders for the digits of n but the first.
func digitsOf(n uint64) string {
	const most = "0000000000000000000"
	k := 0
	for n >= 10 {
		n, k = n/10, k+1
	}
	return most[:k]
}

// register sends a REGISTER, with the password or without.
func (d *Drive) register(p *phone, a *account, authorized bool) {
	b := d.head(p.request[:0], "REGISTER", "", p)
	b = append(b, "From: <sip:"...)
	b = append(append(append(b, a.user...), '@'), d.server...)
	b = append(b, ">;tag="...)
	b = p.append(b)
	b = append(b, "\r\nTo: <sip:"...)
	b = append(append(append(b, a.user...), '@'), d.server...)
	b = append(b, ">\r\nCall-ID: "...)
	b = append(b, d.run...)
	b = append(b, a.user...)
	b = d.sequence(b, 2*p.round+p.step, "REGISTER")
	b = append(b, "Contact: <sip:"...)
	b = append(append(append(b, a.user...), '@'), d.local...)
	b = append(b, ">\r\nExpires: 3600\r\nUser-Agent: traffic\r\n"...)
	if authorized {
		b = d.authorize(b, a)
	}
	b = append(b, "Content-Length: 0\r\n\r\n"...)
	p.request = b
	d.send(p)
}

const cnonce = "0a4f113b"

// authorize answers the account's challenge (RFC 2617 §3.2.2).
func (d *Drive) authorize(b []byte, a *account) []byte {
	a.nc++
	var nc [8]byte
	const digits = "0123456789abcdef"
	for i := range nc {
		nc[i] = digits[a.nc>>(28-4*i)&15]
	}
	d.scratch = append(append(append(d.scratch[:0], a.ha1[:]...), ':'), a.nonce...)
	d.scratch = append(append(append(d.scratch, ':'), nc[:]...), ':')
	d.scratch = append(append(append(d.scratch, cnonce...), ":auth:"...), d.ha2[:]...)
	sum := md5.Sum(d.scratch) //nolint:gosec // as above
	var response [32]byte
	hex.Encode(response[:], sum[:])
	b = append(b, `Authorization: Digest username="`...)
	b = append(b, a.user...)
	b = append(append(b, `", realm="`...), a.realm...)
	b = append(append(b, `", nonce="`...), a.nonce...)
	b = append(append(b, `", uri="sip:`...), d.server...)
	b = append(append(b, `", response="`...), response[:]...)
	b = append(append(b, `", cnonce="`+cnonce+`", qop=auth, nc=`...), nc[:]...)
	b = append(b, a.rest...)
	return append(b, "\r\n"...)
}

// challenged takes the nonce of a 401; false if there is none that we can answer.
func (d *Drive) challenged(a *account, m []byte) bool {
	for {
		l := line(m, "WWW-Authenticate")
		if l == nil {
			return false
		}
		algorithm := between(append(l[:len(l):len(l)], ','), "algorithm=", ",")
		algorithm = bytes.Trim(bytes.TrimSpace(algorithm), `"`)
		if len(algorithm) > 0 && !bytes.EqualFold(algorithm, []byte("MD5")) {
			m = m[bytes.Index(m, l)+len(l)-1:] // from its end on
			continue
		}
		nonce, realm := between(l, `nonce="`, `"`), between(l, `realm="`, `"`)
		if nonce == nil || realm == nil {
			return false
		}
		if !bytes.Equal(realm, a.realm) {
			sum := md5.Sum([]byte(a.user + ":" + string(realm) + ":" + Password(a.user))) //nolint:gosec // as above
			hex.Encode(a.ha1[:], sum[:])
			a.realm = bytes.Clone(realm)
		}
		a.nonce = append(a.nonce[:0], nonce...)
		a.nc, a.known = 0, true
		a.rest = append(a.rest[:0], ", algorithm=MD5"...)
		if opaque := between(l, `opaque="`, `"`); opaque != nil {
			a.rest = append(append(append(a.rest, `, opaque="`...), opaque...), '"')
		}
		return true
	}
}

// registered takes a response to a REGISTER.
func (d *Drive) registered(p *phone, status int, m []byte) {
	a := d.account(p)
	switch {
	case status < 200:
	case status < 300:
		d.done(p)
	case status == 401 && p.step == stepFirst && d.challenged(a, m):
		p.step = stepSecond
		d.register(p, a, true)
	default:
		a.known = false
		d.failed(p, status)
	}
}
