package rtp

import (
	"bytes"
	"slices"
	"testing"
)

// What is asked for goes to a party in a form that it agreed to, or not at all.
func TestFitRequests(t *testing.T) {
	const stream, asker = 0x01020304, 9
	pli := Feedback{Kind: PayloadFeedback, Format: FormatPLI, Sender: asker, Media: stream}
	fir := func(number uint8) Feedback {
		return Feedback{Kind: PayloadFeedback, Format: FormatFIR, Sender: asker, Detail: []byte{1, 2, 3, 4, number, 0, 0, 0}}
	}
	nack := Feedback{Kind: TransportFeedback, Format: FormatNACK, Sender: asker, Media: stream, Detail: []byte{0, 1, 0, 0}}
	tmmbr := Feedback{Kind: TransportFeedback, Format: 3, Sender: asker, Detail: []byte{1, 2, 3, 4, 0, 0, 0, 0}}
	remb := Feedback{Kind: PayloadFeedback, Format: FormatApplication, Sender: asker, Detail: []byte("REMB\x01\x00\x00\x00\x01\x02\x03\x04")}
	for _, c := range []struct {
		name   string
		agreed []string
		asked  []Feedback
		want   []Feedback
	}{
		{"nothing agreed", nil, []Feedback{pli, fir(1), nack, tmmbr, remb}, nil},
		{"all", []string{"nack", "nack pli", "ccm fir", "goog-remb"}, []Feedback{pli, fir(7), nack, tmmbr, remb}, []Feedback{pli, fir(1), nack, remb}},
		{"full pictures alone", []string{"ccm fir"}, []Feedback{pli, fir(7), fir(7), fir(8), pli, nack}, []Feedback{fir(1), fir(2), fir(2), fir(3), fir(4)}},
		{"lost pictures alone", []string{"nack pli"}, []Feedback{fir(7), pli, nack}, []Feedback{pli, pli}},
		{"lost packets alone", []string{"nack"}, []Feedback{fir(7), pli, nack}, []Feedback{nack}},
		{"of no stream", []string{"ccm fir", "nack pli"}, []Feedback{{Kind: PayloadFeedback, Format: FormatFIR}}, nil},
		{"unknown", []string{"ccm tmmbr", "transport-cc"}, []Feedback{tmmbr, pli}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Pictures
			var got []Feedback
			for _, f := range c.asked {
				if p.Fit(&f, RequestsOf(c.agreed)) {
					got = append(got, f)
				}
			}
			if !slices.EqualFunc(got, c.want, func(a, b Feedback) bool { return bytes.Equal(a.Append(nil), b.Append(nil)) }) {
				t.Errorf("%+v, want\n%+v", got, c.want)
			}
		})
	}
}
