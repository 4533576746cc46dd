package traffic

import "bytes"

// asked answers what the server asks of us, always the same to the same: a call is
// taken at once, everything else agreed to. Nothing is kept of it.
func (d *Drive) asked(m []byte) {
	method, _, _ := bytes.Cut(m, []byte(" "))
	invite := string(method) == "INVITE"
	if string(method) == "ACK" {
		return
	}
	b := d.scratch[:0]
	b = append(b, "SIP/2.0 200 OK\r\n"...)
	for _, name := range []string{"Via", "Record-Route"} {
		rest := m
		for {
			l := line(rest, name)
			if l == nil {
				break
			}
			b = append(b, l...)
			rest = rest[bytes.Index(rest, l)+len(l)-1:]
		}
	}
	b = append(b, line(m, "From")...)
	to := line(m, "To")
	if bytes.Contains(to, []byte(";tag=")) || to == nil {
		b = append(b, to...)
	} else {
		b = append(b, bytes.TrimRight(to, "\r\n")...)
		b = append(b, ";tag=called\r\n"...)
	}
	b = append(b, line(m, "Call-ID")...)
	b = append(b, line(m, "CSeq")...)
	if invite {
		d.result.Incoming++
		b = d.reachable(b)
		b = append(b, "Content-Type: application/sdp\r\nContent-Length: "...)
		b = appendNumber(b, uint64(len(d.offer)), 1+len(digitsOf(uint64(len(d.offer)))))
		b = append(b, "\r\n\r\n"...)
		b = append(b, d.offer...)
	} else {
		b = append(b, "Content-Length: 0\r\n\r\n"...)
	}
	d.scratch = b
	d.socket.put(b)
}
