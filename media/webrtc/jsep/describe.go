package jsep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Gathered are our candidates, for Describe.
type Gathered struct {
	// Candidates are as they stand after "candidate:".
	Candidates []string
	// Complete says that no more will come.
	Complete bool
}

// Describe writes our latest description: the answer to the offer that SetOffer took last,
// or the offer of Offer. It may be called again, as candidates are found.
func (s *Session) Describe(g Gathered) string {
	n := s.latest()
	w := writer{s: s, n: n, g: g, carrier: n.live()}
	w.line("v=0")
	w.line("o=- %d %d IN IP4 127.0.0.1", s.id, n.version)
	w.line("s=-")
	w.line("t=0 0")
	if mids := n.group(); n.bundled && mids != "" {
		w.line("a=group:BUNDLE%s", mids)
	}
	if n.offer || n.mixed {
		w.line("a=extmap-allow-mixed")
	}
	w.line("a=msid-semantic: WMS *")
	if s.cfg.Lite {
		w.line("a=ice-lite")
	}
	for i := range n.slots {
		w.section(i)
	}
	return w.b.String()
}

// group are the mids of the sections in use, each behind a space.
func (n *state) group() string {
	var b strings.Builder
	for i := range n.slots {
		if o := &n.slots[i]; !o.refused && o.mid != "" && (n.offer || !o.apart) {
			b.WriteString(" " + o.mid)
		}
	}
	return b.String()
}

// writer writes one description.
type writer struct {
	b       strings.Builder
	s       *Session
	n       *state
	g       Gathered
	carrier int // the section with the candidates
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\r\n", args...)
}

func (w *writer) section(i int) {
	o := &w.n.slots[i]
	if o.refused {
		format := "0" // as Chromium has it: some look for the meaning of any other
		if o.kind == Application {
			format = o.format
		}
		w.line("m=%s 0 %s %s", o.kind, o.protocol, format)
		w.line("c=IN IP4 0.0.0.0")
		if o.mid != "" {
			w.line("a=mid:%s", o.mid)
		}
		w.line("a=inactive")
		return
	}
	formats := o.format
	if o.kind != Application {
		formats = formatList(o.receive)
	}
	port, connection := defaultAddress(w.g.Candidates)
	w.line("m=%s %d %s %s", o.kind, port, o.protocol, formats)
	w.line("c=%s", connection)
	if o.mid != "" {
		w.line("a=mid:%s", o.mid)
	}
	w.transport()
	if o.kind == Application {
		w.line("a=sctp-port:%d", w.s.cfg.SCTPPort)
		w.line("a=max-message-size:%d", w.s.cfg.MaxMessageSize)
	} else {
		w.media(o)
	}
	if i != w.carrier {
		return
	}
	for _, c := range w.g.Candidates {
		w.line("a=candidate:%s", c)
	}
	if w.g.Complete {
		w.line("a=end-of-candidates")
	}
}

func (w *writer) transport() {
	w.line("a=ice-ufrag:%s", w.n.local.Ufrag)
	w.line("a=ice-pwd:%s", w.n.local.Pwd)
	if w.s.cfg.Trickle {
		w.line("a=ice-options:trickle")
	}
	for _, f := range w.s.cfg.Fingerprints {
		w.line("a=fingerprint:%s", f)
	}
	setup := "actpass" // RFC 9429 §5.2.2
	if !w.n.offer {
		setup = w.n.role
	}
	w.line("a=setup:%s", setup)
}

func (w *writer) media(o *slot) {
	w.line("a=%s", o.said)
	w.line("a=rtcp-mux")
	if o.reducedSize {
		w.line("a=rtcp-rsize")
	}
	for _, c := range o.receive {
		w.codec(c)
	}
	if o.kind == Audio {
		w.line("a=ptime:%d", media.FrameDuration.Milliseconds())
	}
	for _, e := range o.extensions {
		if e.Direction == media.SendRecv {
			w.line("a=extmap:%d %s", e.ID, e.URI)
		} else {
			w.line("a=extmap:%d/%s %s", e.ID, e.Direction, e.URI)
		}
	}
	if o.said.Receives() && len(o.rids) > 0 {
		names := make([]string, len(o.rids))
		for i, r := range o.rids {
			names[i] = r.ID
			w.line("%s", strings.TrimRight("a=rid:"+r.ID+" recv "+r.Restrictions, " "))
		}
		w.line("a=simulcast:recv %s", strings.Join(names, ";"))
	}
	// Also where nothing is sent for now: Chromium that was on hold hears nothing of a
	// source that was left out and is there again.
	if o.track != nil {
		w.track(o)
	}
}

func (w *writer) codec(c Codec) {
	rate := strconv.Itoa(c.ClockRate)
	if c.Channels > 1 {
		rate += "/" + strconv.Itoa(c.Channels)
	}
	w.line("a=rtpmap:%d %s/%s", c.PayloadType, c.Name, rate)
	if c.Fmtp != "" {
		w.line("a=fmtp:%d %s", c.PayloadType, c.Fmtp)
	}
	for _, fb := range c.Feedback {
		w.line("a=rtcp-fb:%d %s", c.PayloadType, fb)
	}
	if c.RTX != 0 {
		w.line("a=rtpmap:%d rtx/%d", c.RTX, c.ClockRate)
		w.line("a=fmtp:%d apt=%d", c.RTX, c.PayloadType)
	}
}

func (w *writer) track(o *slot) {
	t := o.track
	w.line("a=msid:%s %s", t.Stream, t.ID)
	if t.Content != "" {
		w.line("a=content:%s", t.Content)
	}
	repaired := t.RTX != 0 && slices.ContainsFunc(o.receive, func(c Codec) bool { return c.RTX != 0 })
	if repaired {
		w.line("a=ssrc-group:FID %d %d", t.SSRC, t.RTX)
	}
	w.line("a=ssrc:%d cname:%s", t.SSRC, t.CName)
	if repaired {
		w.line("a=ssrc:%d cname:%s", t.RTX, t.CName)
	}
}

func formatList(codecs []Codec) string {
	var list []string
	for _, c := range codecs {
		list = append(list, strconv.Itoa(int(c.PayloadType)))
		if c.RTX != 0 {
			list = append(list, strconv.Itoa(int(c.RTX)))
		}
	}
	return strings.Join(list, " ")
}

// defaultAddress is the port and c= of the first UDP candidate, for those who do not do
// ICE but look (RFC 8839 §4.2.1), or the placeholders of trickle ICE.
func defaultAddress(candidates []string) (port int, connection string) {
	for _, text := range candidates {
		f := strings.Fields(text) // foundation component transport priority address port
		if len(f) < 6 || !strings.EqualFold(f[2], "udp") {
			continue
		}
		n, err := strconv.ParseUint(f[5], 10, 16)
		if err != nil || n == 0 {
			continue
		}
		family := "IP4"
		if strings.Contains(f[4], ":") {
			family = "IP6"
		}
		return int(n), "IN " + family + " " + f[4]
	}
	return 9, "IN IP4 0.0.0.0"
}
