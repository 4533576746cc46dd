package signaling_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// BenchmarkStep is a step of a dialplan as its channel sees it: a change of state that is
// published and told of.
func BenchmarkStep(b *testing.B) {
	h := signaltest.New(b, nil)
	c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	b.ReportAllocs()
	for b.Loop() {
		c.SetPosition(signaling.DialplanPosition{Context: "internal", Exten: "1001", Priority: 1, App: "Dial"})
	}
}
