package webrtc

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// halt stops whoever makes a logger of one of pion's parts, which pion does while a
// peer's connection is made.
type halt struct {
	slog.Handler
	once    *sync.Once
	reached chan struct{}
	proceed chan struct{}
}

func (h halt) WithAttrs(attrs []slog.Attr) slog.Handler {
	if attrs[0].Key == "scope" {
		h.once.Do(func() {
			close(h.reached)
			<-h.proceed
		})
	}
	return h
}

// An API that is closed while a peer is made waits for it and closes it too.
func TestCloseWhileAPeerIsMade(t *testing.T) {
	a := testAPI(t)
	h := halt{slog.DiscardHandler, new(sync.Once), make(chan struct{}), make(chan struct{})}
	a.log = slog.New(h)
	var late *Peer
	var err error
	made, closed := make(chan struct{}), make(chan error)
	go func() { // ends with the test, which waits for it
		defer close(made)
		late, err = a.NewPeer(PeerConfig{Name: "late"})
	}()
	<-h.reached
	if n := a.Peers(); n != 0 {
		t.Errorf("half a peer counts: %d", n)
	}
	go func() { closed <- a.Close() }() // as above
	for isClosed := false; !isClosed; runtime.Gosched() {
		a.mu.Lock()
		isClosed = a.closed
		a.mu.Unlock()
	}
	close(h.proceed)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	<-made
	if err != nil {
		t.Fatal(err)
	}
	<-late.Done()
	if _, err := late.Offer(context.Background(), true); fault.Of(err) != fault.Gone {
		t.Errorf("the late peer offers: %v", err)
	}
	if _, err := a.NewPeer(PeerConfig{Name: "later"}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a peer of a closed API: %v", err)
	}
	if a.Peers() != 0 || a.places != 0 {
		t.Errorf("%d peers, %d places", a.Peers(), a.places)
	}
}
