package webrtc

import (
	"bytes"
	"log/slog"
	"testing"
)

// A panic at a peer's end leaves nothing of ours.
func TestAPanicAtTheEndOfAPeer(t *testing.T) {
	a := testAPI(t)
	var text bytes.Buffer
	a.log = slog.New(slog.NewTextHandler(&text, nil))
	o, other := newPeer(t, a), newPeer(t, a)
	path := o.path
	o.path = nil
	o.Close()
	o.await(t, StateClosed)
	<-o.Done()
	a.closing.Wait()
	if n := a.Peers(); n != 1 || other.gone() {
		t.Errorf("%d peers", n)
	}
	if !bytes.Contains(text.Bytes(), []byte("panic in the end of a peer")) {
		t.Errorf("log:\n%s", &text)
	}
	if err := path.Close(); err != nil {
		t.Error(err)
	}
}
