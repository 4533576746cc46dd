package sip

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// telling is a wire that tells what is sent over it.
type telling struct {
	*wire.Wire
	sent chan string
}

func (w *telling) Send(b []byte) error {
	select {
	case w.sent <- string(b):
	default: // more than anybody waits for
	}
	return nil
}

// until is the next message with a text in it.
func (w *telling) until(text string) string {
	for m := range w.sent {
		if strings.Contains(m, text) {
			return m
		}
	}
	return ""
}

// taking takes every call, and everything in it.
type taking struct{}

func (taking) OnRequest(r *IncomingRequest) { _ = r.Respond(Reply{}) } // the fuzzer reads it
func (taking) OnInvite(i *IncomingInvite) {
	if _, err := i.Accept(Reply{ContentType: "application/sdp", Body: []byte("v=0\n")}, within{}); err != nil {
		_ = i.Reject(Reply{Status: 400}) // as above
	}
}

type within struct{}

func (within) OnAck(*message.Request)       {}
func (within) OnReInvite(r *ReInvite)       { _ = r.Accept(Reply{}) } // the fuzzer does not look
func (within) OnRequest(r *InDialogRequest) { _ = r.Respond(Reply{}) }
func (within) OnEnd(End)                    {}

// FuzzDialog gives any bytes to a server that has a call up, whose To tag they may name as
// @TAG@: nothing panics, and the server answers afterwards.
func FuzzDialog(f *testing.F) {
	ours := strings.NewReplacer("biloxi.com>\r\n", "biloxi.com>;tag=@TAG@\r\n", "hG4bK776asdhds", "hG4bKother")
	for _, method := range []string{"INVITE", "BYE", "ACK", "UPDATE", "INFO", "REFER", "PRACK", "CANCEL", "SUBSCRIBE", "NOTIFY", "MESSAGE", "OPTIONS"} {
		text := ours.Replace(strings.ReplaceAll(wire.Invite, "INVITE", method))
		f.Add(strings.Replace(text, "314159 ", "314160 ", 1))
		f.Add(text)
	}
	f.Add(wire.Invite)
	f.Add(wire.ResponseTo(wire.Invite, 200, "x"))
	files, err := filepath.Glob("../testdata/sip/torture/*.sip")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg := Default()
		cfg.Resolver = nowhere{}
		s, err := NewServer(cfg, taking{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel() // nobody answers a BYE
			_ = s.Close(ctx)
		}()
		w := &telling{wire.New(), make(chan string, 64)}
		give := func(text string) {
			m, err := message.Parse([]byte(text))
			s.receive(w, m, err)
		}
		give(wire.Invite)
		answer, err := message.Parse([]byte(w.until("SIP/2.0 200")))
		if err != nil {
			t.Fatal(err)
		}
		tag := answer.To().Tag()
		give(strings.Replace(strings.ReplaceAll(wire.Invite, "INVITE", "ACK"), "biloxi.com>\r\n", "biloxi.com>;tag="+tag+"\r\n", 1))
		give(strings.ReplaceAll(text, "@TAG@", tag))
		alive := message.NewCallID()
		give("OPTIONS sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=" + message.NewBranch() + "\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n" +
			"Call-ID: " + alive + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
		if m := w.until(alive); !strings.HasPrefix(m, "SIP/2.0 200") {
			t.Errorf("after %q: %q", text, m)
		}
		if n := s.Stats().Panics; n > 0 {
			t.Errorf("%d panics after %q", n, text)
		}
	})
}
