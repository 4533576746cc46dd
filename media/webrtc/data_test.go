package webrtc

import (
	"encoding/binary"
	"net"
	"testing"
)

// A data channel's section is taken where somebody has its packets; who has them may go
// without the call.
func TestData(t *testing.T) {
	came := make(chan []byte, 1)
	w, r := newWatcher(t, func(c *PeerConfig) {
		c.Data = func(conn net.Conn) {
			buf := make([]byte, 1600)
			n, err := conn.Read(buf)
			if err != nil {
				t.Error(err)
			}
			came <- buf[:n]
			_ = conn.Close()
			if _, err := conn.Read(buf); err == nil {
				t.Error("read after the end")
			}
		}
	}), newRemote(t, opus)
	if _, err := r.CreateDataChannel("chat", nil); err != nil {
		t.Fatal(err)
	}
	a := w.answer(t, r)
	if a.Data == nil || a.Data.RemotePort != 5000 || a.Data.MaxMessageSize == 0 {
		t.Fatalf("%+v", a.Data)
	}
	w.await(t, StateConnected)
	if p := next(t, "packet of SCTP", came); len(p) < 16 || binary.BigEndian.Uint16(p[2:]) != 5000 || p[12] != 1 {
		t.Errorf("no INIT to our port: %x", p)
	}
	speak(t, w.observed, r, "goes on")
}
