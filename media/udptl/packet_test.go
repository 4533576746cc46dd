package udptl

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// Datagrams as gateways send them, and what is wrong with others.
var packetCases = []struct {
	name, hex string
	want      Packet
	bad       bool
}{
	{"no signal, repeated by nothing", "0000" + "0106" + "0000", Packet{Sequence: 0, Primary: []byte{6}}, false},
	{"one earlier packet", "0001" + "0102" + "0001" + "0106", Packet{Sequence: 1, Primary: []byte{2}, Recovered: 1}, false},
	{"a long one", "ffff" + "8080" + strings.Repeat("aa", 128) + "0000", Packet{Sequence: 0xffff, Primary: bytes.Repeat([]byte{0xaa}, 128)}, false},
	{"parity", "0007" + "0102" + "80" + "0103" + "02" + "0105" + "0107", Packet{Sequence: 7, Primary: []byte{2}, Recovered: 2, FEC: true}, false},
	{"empty", "", Packet{}, true},
	{"a number alone", "0001", Packet{}, true},
	{"no packet in it", "0001" + "00" + "0000", Packet{}, true},
	{"shorter than it says", "0001" + "0501", Packet{}, true},
	{"without recovery", "0001" + "0106", Packet{}, true},
	{"an unknown recovery", "0001" + "0106" + "4000", Packet{}, true},
	{"recovery cut short", "0001" + "0106" + "0002" + "0106", Packet{}, true},
	{"more than it needs", "0001" + "0106" + "0000" + "00", Packet{}, true},
	{"in parts of 16 K", "0001" + "c1" + "06" + "0000", Packet{}, true},
	{"too many", "0001" + "0106" + "00" + "41" + strings.Repeat("0106", 65), Packet{}, true},
	{"RTP", "8000" + "0001" + "00000000" + "00000001" + strings.Repeat("7f", 160), Packet{}, true},
	{"longer than any", "0001" + "85dc" + strings.Repeat("aa", 1500) + "0000", Packet{}, true},
}

func TestParse(t *testing.T) {
	for _, c := range packetCases {
		t.Run(c.name, func(t *testing.T) {
			b, err := hex.DecodeString(c.hex)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Parse(b)
			if (err != nil) != c.bad {
				t.Fatalf("error %v", err)
			}
			if p.Sequence != c.want.Sequence || !bytes.Equal(p.Primary, c.want.Primary) || p.Recovered != c.want.Recovered || p.FEC != c.want.FEC {
				t.Errorf("%+v, want %+v", p, c.want)
			}
		})
	}
}

func TestAppend(t *testing.T) {
	long := bytes.Repeat([]byte{1, 2, 3, 4}, 75)
	b := Append(nil, 9, long, []byte{5}, []byte{6, 7})
	p, err := Parse(b)
	if err != nil || p.Sequence != 9 || !bytes.Equal(p.Primary, long) || p.Recovered != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range packetCases {
		if b, err := hex.DecodeString(c.hex); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if len(p.Primary) == 0 || len(p.Primary) > len(b) || p.Recovered > maxRecovered {
			t.Errorf("%+v of %d octets", p, len(b))
		}
	})
}
