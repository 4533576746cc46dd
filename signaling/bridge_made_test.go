package signaling_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/bridgetype"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// typed is a bridge of an application.
func typed(t *testing.T, h *signaltest.House, types string) *signaling.Bridge {
	t.Helper()
	parsed, err := bridgetype.Parse(types)
	ok(t, err)
	b, err := h.Engine.MakeBridge(signaling.BridgeConfig{ID: "mine", Creator: "Stasis", Class: "stasis", Types: parsed})
	ok(t, err)
	t.Cleanup(b.Close)
	return b
}

func TestABridgeHasTheIDOfItsMaker(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := typed(t, h, "mixing")
	if s := b.Snapshot(); s.ID != "mine" || s.Type != "mixing" || s.Creator != "Stasis" || s.Class != "stasis" {
		t.Errorf("is %+v", s)
	}
	if found, err := h.Engine.Bridge("mine"); err != nil || found != b {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := h.Engine.MakeBridge(signaling.BridgeConfig{ID: "mine"}); fault.Of(err) != fault.Conflict {
		t.Errorf("a second one of that id: %v", err)
	}
	b.Close()
	again, err := h.Engine.MakeBridge(signaling.BridgeConfig{ID: "mine"})
	ok(t, err)
	again.Close()
}

func TestOfAnSFUAllAreMixed(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	technology(t, typed(t, h, "video_sfu"), "softmix", 0)
}

// Who waits in a holding bridge hears announcers and nobody else; these hear nobody.
func TestAHoldingBridge(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := typed(t, h, "holding")
	one := join(t, h, b, "1", g711.MuLaw(), 500)
	two := join(t, h, b, "2", g711.MuLaw(), 700)
	technology(t, b, "holding_bridge", 2)
	hears(t, one.Phone)
	hears(t, two.Phone)
	phone := h.Phone(g711.MuLaw(), 900)
	announcer, _ := h.CallUp("3", phone)
	ok(t, b.Announce(t.Context(), announcer))
	technology(t, b, "holding_bridge", 3)
	hears(t, one.Phone, 900)
	hears(t, two.Phone, 900)
	hears(t, phone)
}
