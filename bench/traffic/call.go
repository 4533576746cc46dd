package traffic

import "bytes"

// invite calls the number, with an offer.
func (d *Drive) invite(p *phone) {
	b := d.head(p.request[:0], "INVITE", d.cfg.Number, p)
	b = d.parties(b, p)
	b = d.sequence(b, 1, "INVITE")
	b = d.reachable(b)
	b = append(b, "Content-Type: application/sdp\r\nContent-Length: "...)
	b = appendNumber(b, uint64(len(d.offer)), 1+len(digitsOf(uint64(len(d.offer)))))
	b = append(b, "\r\n\r\n"...)
	b = append(b, d.offer...)
	p.request = b
	d.send(p)
}

func (d *Drive) parties(b []byte, p *phone) []byte {
	b = append(b, "From: <sip:"...)
	b = append(append(append(b, d.cfg.Caller...), '@'), d.server...)
	b = append(b, ">;tag="...)
	b = mark{p.phone, p.round, stepFirst}.append(b)
	b = append(b, "\r\n"...)
	if len(p.to) > 0 && p.answered {
		b = append(b, p.to...)
	} else {
		b = append(b, "To: <sip:"...)
		b = append(append(append(b, d.cfg.Number...), '@'), d.server...)
		b = append(b, ">\r\n"...)
	}
	b = append(b, "Call-ID: "...)
	b = append(b, d.run...)
	return mark{p.phone, p.round, 0}.append(b)
}

func (d *Drive) reachable(b []byte) []byte {
	b = append(b, "Contact: <sip:"...)
	b = append(append(append(b, d.cfg.Caller...), '@'), d.local...)
	return append(b, ">\r\n"...)
}

// within is a request within the call.
func (d *Drive) within(b []byte, p *phone, step uint64, seq uint64, method string) []byte {
	b = append(append(append(b, method...), ' '), p.contact...)
	b = append(b, " SIP/2.0\r\n"...)
	was := p.step
	p.step = step
	b = d.via(b, p)
	p.step = was
	b = d.parties(b, p)
	b = d.sequence(b, seq, method)
	return append(b, "Content-Length: 0\r\n\r\n"...)
}

// called takes a response of the call.
func (d *Drive) called(p *phone, step uint64, status int, m []byte) {
	switch {
	case status < 200:
		if step == stepFirst && !p.answered {
			p.wait = patience // proceeding: an INVITE is not sent again (RFC 3261 §17.1.1.2)
		}
	case step == stepFirst && status < 300:
		d.answered(p, m)
	case step == stepFirst:
		d.refused(p, status, m)
	case status < 300:
		d.done(p)
	default:
		d.failed(p, status)
	}
}

// answered acknowledges the answer and hangs up.
func (d *Drive) answered(p *phone, m []byte) {
	if p.answered { // our ACK was lost
		d.socket.put(p.ack)
		return
	}
	contact := between(line(m, "Contact"), "<", ">")
	to := line(m, "To")
	if contact == nil || to == nil || !bytes.Contains(m, []byte("\nm=audio ")) {
		d.failed(p, 0)
		return
	}
	p.contact, p.to = append(p.contact[:0], contact...), append(p.to[:0], to...)
	p.answered = true
	if d.counts {
		d.result.Answered.Add(d.now - p.began)
	}
	p.ack = d.within(p.ack[:0], p, stepAck, 1, "ACK")
	d.socket.put(p.ack)
	if d.kind == Hold {
		p.busy, p.held, p.step = false, true, stepFirst
		d.finished++
		if d.counts {
			d.result.Done++
		}
		return
	}
	d.hangUp(p)
}

func (d *Drive) hangUp(p *phone) {
	p.busy, p.step = true, stepBye
	p.request = d.within(p.request[:0], p, stepBye, 2, "BYE")
	d.send(p)
}

// refused acknowledges a refusal (RFC 3261 §17.1.1.3).
func (d *Drive) refused(p *phone, status int, m []byte) {
	to := line(m, "To")
	b := d.head(p.ack[:0], "ACK", d.cfg.Number, p)
	p.to, p.answered = append(p.to[:0], to...), true
	b = d.parties(b, p)
	p.answered = false
	b = d.sequence(b, 1, "ACK")
	b = append(b, "Content-Length: 0\r\n\r\n"...)
	p.ack = b
	d.socket.put(p.ack)
	d.failed(p, status)
}
