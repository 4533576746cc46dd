package rtp

import (
	"bytes"
	"encoding/hex"
	"testing"
)

const (
	feedbackStream = 0x01020304
	feedbackSource = 0xa1a2a3a4
	feedbackShift  = 100
)

// Each message as it comes, and as it goes on; "" where it does not.
var feedbackCases = []struct{ name, in, out string }{
	{"PLI", "81ce0002000000070102030" + "4", "81ce000200000007a1a2a3a4"},
	{"PLI of another stream", "81ce00020000000701020305", ""},
	{"SLI", "82ce0003000000070102030400010002", "82ce000300000007a1a2a3a400010002"},
	{"RPSI", "83ce0003000000070102030400010002", "83ce000300000007a1a2a3a400010002"},
	{"FIR", "84ce00040000000700000000010203040500000" + "0", "84ce00040000000700000000a1a2a3a405000000"},
	{"FIR of two, one of them", "84ce000600000007000000000102030a050000000102030406000000", "84ce00040000000700000000a1a2a3a406000000"},
	{"FIR of another stream", "84ce000400000007000000000102030505000000", ""},
	{"FIR cut short", "84ce0003000000070000000001020304", ""},
	{"NACK", "81cd0004000000070102030400c8000100630000", "81cd000400000007a1a2a3a400640001ffff0000"},
	{"NACK of nothing", "81cd00020000000701020304", ""},
	{"TMMBR, which nobody agrees to", "83cd0004000000070000000001020304180001ff", ""},
	{"TMMBN is for who asked", "84cd00040000000701020304010203041800" + "01ff", ""},
	{"transport-wide, of extensions that do not go on", "8fcd00040000000701020304000100010000000" + "0", ""},
	{"REMB", "8fce0006000000070000000052454d4202" + "03d0900102030a01020304", "8fce0005000000070000000052454d420103d090a1a2a3a4"},
	{"REMB of another stream", "8fce0005000000070000000052454d420103d0900102030a", ""},
	{"REMB that claims more than it has", "8fce0005000000070000000052454d420903d09001020304", ""},
	{"application's own", "8fce0003000000070102030458595a30", ""},
	{"unknown format", "89ce00020000000701020304", ""},
}

func TestRedirectFeedback(t *testing.T) {
	for _, c := range feedbackCases {
		t.Run(c.name, func(t *testing.T) {
			in, err := hex.DecodeString(c.in)
			if err != nil {
				t.Fatal(err)
			}
			list := ParseFeedback(in, nil)
			if len(list) != 1 || !bytes.Equal(list[0].Append(nil), in) {
				t.Fatalf("read %+v", list)
			}
			passed := list[0].Redirect(feedbackStream, feedbackSource, feedbackShift)
			if got := hex.EncodeToString(list[0].Append(nil)); passed != (c.out != "") || passed && got != c.out {
				t.Errorf("%v %s, want %q", passed, got, c.out)
			}
		})
	}
}

// Reports stand before feedback, and are passed over.
func TestFeedbackBehindReport(t *testing.T) {
	packet := (&Report{SSRC: 7, CNAME: []byte("who")}).Append(nil)
	packet = (&Feedback{Kind: PayloadFeedback, Format: FormatPLI, Sender: 7, Media: 9}).Append(packet)
	var r Report
	if err := ParseRTCP(packet, &r); err != nil {
		t.Fatal(err)
	}
	if list := ParseFeedback(packet, nil); len(list) != 1 || list[0].Media != 9 {
		t.Errorf("%+v", list)
	}
}

// The last packet of a compound one may be padded (RFC 3550 §6.4.1); any other, or more
// padding than there is, makes it none.
func TestFeedbackPadded(t *testing.T) {
	pli := &Feedback{Kind: PayloadFeedback, Format: FormatPLI, Sender: 7, Media: 9, Detail: []byte{}}
	nack := &Feedback{Kind: TransportFeedback, Format: FormatNACK, Sender: 7, Media: 9, Detail: []byte{0, 5, 0, 0}}
	pad := func(f *Feedback, by ...byte) []byte {
		p := f.Append(nil)
		p[0] |= 0x20
		p[3] += byte(len(by) / 4)
		return append(p, by...)
	}
	report := (&Report{SSRC: 7, CNAME: []byte("who")}).Append(nil)
	for _, c := range []struct {
		name   string
		packet []byte
		want   []*Feedback
	}{
		{"PLI", pad(pli, 0, 0, 0, 4), []*Feedback{pli}},
		{"NACK", pad(nack, 0, 0, 0, 0, 0, 0, 0, 8), []*Feedback{nack}},
		{"behind others", bytes.Join([][]byte{report, pli.Append(nil), pad(nack, 0, 0, 0, 4)}, nil), []*Feedback{pli, nack}},
		{"not the last", append(pad(pli, 0, 0, 0, 4), nack.Append(nil)...), []*Feedback{nack}},
		{"of no bytes", pad(pli, 0, 0, 0, 0), nil},
		{"of no words", pad(pli, 0, 0, 0, 3), nil},
		{"into the head", pad(pli, 0, 0, 0, 8), nil},
		{"of more than there is", pad(pli, 0, 0, 0, 252), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := ParseFeedback(c.packet, nil)
			if len(list) != len(c.want) {
				t.Fatalf("%+v", list)
			}
			for i, f := range list {
				if !bytes.Equal(f.Append(nil), c.want[i].Append(nil)) {
					t.Errorf("%+v, want %+v", f, c.want[i])
				}
			}
		})
	}
}

func FuzzFeedback(f *testing.F) {
	for _, c := range feedbackCases {
		if b, err := hex.DecodeString(c.in); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte{0xa1, PayloadFeedback, 0, 3, 0, 0, 0, 7, 1, 2, 3, 4, 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, packet []byte) {
		before := bytes.Clone(packet)
		for _, m := range ParseFeedback(packet, nil) {
			if m.Redirect(feedbackStream, feedbackSource, feedbackShift) && len(m.Detail)%4 != 0 {
				t.Fatalf("%+v", m)
			}
			if again := ParseFeedback(m.Append(nil), nil); len(again) != 1 {
				t.Fatalf("%+v", m)
			}
		}
		if !bytes.Equal(before, packet) {
			t.Fatal("changed what came")
		}
	})
}

// Chromium pads transport-wide feedback to a multiple of four, and says by how much: less than
// RFC 3550 knows.
func TestPaddedTransportFeedback(t *testing.T) {
	packet := []byte{0x80 | 0x20 | 15, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 1, 0, 0x20, 1, 4, 1}
	list := ParseFeedback(packet, nil)
	if len(list) != 1 || list[0].Format != FormatTransportWide || len(list[0].Detail) != 12 {
		t.Errorf("%+v", list)
	}
	packet[0] = 0x80 | 0x20 | 1
	if list := ParseFeedback(packet, nil); len(list) != 0 {
		t.Errorf("a NACK with a byte of padding: %+v", list)
	}
}
