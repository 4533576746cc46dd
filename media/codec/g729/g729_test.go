package g729

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestPayloadDuration(t *testing.T) {
	for bytes, want := range map[int]time.Duration{
		0: 0, 1: 0, 2: 10 * time.Millisecond, 9: 0, 10: 10 * time.Millisecond, 12: 20 * time.Millisecond,
		20: 20 * time.Millisecond, 22: 30 * time.Millisecond, 24: 0, 60: 60 * time.Millisecond,
	} {
		if got := payloadDuration(make([]byte, bytes)); got != want {
			t.Errorf("%d bytes: %v, want %v", bytes, got, want)
		}
	}
}

// Without a library there is a codec all the same: it passes through.
func TestPassThrough(t *testing.T) {
	c := PassThrough()
	if c != PassThrough() || c.Transcodable() || c.PayloadType != 18 || c.Fmtp != "annexb=no" {
		t.Errorf("%+v", c)
	}
}

func TestMissingLibrary(t *testing.T) {
	c, err := Load("libskybridge-is-not-there.so.9")
	if c != nil || fault.Of(err) != fault.Unavailable {
		t.Errorf("%v, %v", c, err)
	}
}

// A library that is not the one is no G.729 either.
func TestOtherLibrary(t *testing.T) {
	c, err := Load("libc.so.6")
	if c != nil || fault.Of(err) != fault.Unavailable {
		t.Errorf("%v, %v", c, err)
	}
}
