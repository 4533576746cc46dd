package mediatest

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"
)

// Dumped is one packet of a file that rtpdump, or Wireshark, writes.
type Dumped struct {
	At     time.Duration
	RTCP   bool
	Packet []byte
}

// RTPDump reads a file in the format of rtptools (rtpdump -F dump).
func RTPDump(t testing.TB, name string) (list []Dumped) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	line, rest, ok := bytes.Cut(b, []byte("\n"))
	if !ok || !bytes.HasPrefix(line, []byte("#!rtpplay1.0 ")) || len(rest) < 16 {
		t.Fatalf("%s: no file of rtpdump", name)
	}
	for rest = rest[16:]; len(rest) > 0; {
		n := int(binary.BigEndian.Uint16(rest))
		if n < 8 || n > len(rest) {
			t.Fatalf("%s: cut off", name)
		}
		list = append(list, Dumped{
			At:     time.Duration(binary.BigEndian.Uint32(rest[4:])) * time.Millisecond,
			RTCP:   binary.BigEndian.Uint16(rest[2:]) == 0,
			Packet: rest[8:n],
		})
		rest = rest[n:]
	}
	return list
}
