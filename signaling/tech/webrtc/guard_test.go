package webrtc

import (
	"log/slog"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// A panic where a leg's media is carried ends that leg; the rig sees that nothing of it
// is left.
func TestAPanicEndsOneLeg(t *testing.T) {
	for _, ca := range []struct {
		name   string
		broken func(*Leg)
		log    string
		told   string
	}{
		{"in the media", func(l *Leg) {
			l.session.ring = nil
			l.session.start()
		}, "panic in a session's media", "ended 38 true"},
		{"at the end", func(l *Leg) {
			whole := l.session
			whole.start()
			l.session = &Session{port: whole.port} // no peer
			l.session.closed.Store(true)
			l.Hangup(signaling.CauseBusy)
			whole.Close()
		}, "panic in the end of a browser's leg", "ended 17 false"},
	} {
		t.Run(ca.name, func(t *testing.T) {
			r := newRig(t)
			text := &logtest.Log{}
			r.log = slog.New(slog.NewTextHandler(text, nil))
			l := &Leg{cfg: r.config(nil)}
			session, err := newSession(SessionConfig{
				Name: "WebRTC/ana", Mixer: r.mixer, API: r.api, Codecs: codecs(), Log: r.log,
				Events: l.portEvent, State: l.stateChanged,
			})
			if err != nil {
				t.Fatal(err)
			}
			l.session = session
			told := make(report, 256)
			l.Start(told)
			ca.broken(l)
			told.want(t, ca.told)
			if text.Count(ca.log) != 1 || text.Count("guard_test.go")+text.Count("session.go") == 0 {
				t.Errorf("log:\n%s", text)
			}
			if err := session.Wait(ctx(t)); err != nil { // the rig counts who is left
				t.Error(err)
			}
		})
	}
}
