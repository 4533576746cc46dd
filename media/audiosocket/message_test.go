package audiosocket_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/audiosocket"
)

// messages are what stands on the wire, and what it says.
var messages = []struct {
	wire    string
	kind    audiosocket.Kind
	payload string
	name    string
	rate    int
}{
	{"\x00\x00\x00", audiosocket.Hangup, "", "hangup", 0},
	{"\x01\x00\x100123456789abcdef", audiosocket.ID, "0123456789abcdef", "id", 0},
	{"\x02\x00\x00", audiosocket.Silence, "", "silence", 0},
	{"\x03\x00\x01#", audiosocket.DTMF, "#", "digit", 0},
	{"\x10\x00\x04\x01\x00\xff\xff", audiosocket.Audio, "\x01\x00\xff\xff", "audio of 8000 Hz", 8000},
	{"\x16\x00\x00", audiosocket.Audio + 6, "", "audio of 48000 Hz", 48000},
	{"\x18\x00\x02\x00\x80", audiosocket.Audio + 8, "\x00\x80", "audio of 192000 Hz", 192000},
	{"\xff\x00\x01\x04", audiosocket.Error, "\x04", "error", 0},
	{"\x42\x00\x01x", 0x42, "x", "kind 0x42", 0},
}

func TestMessages(t *testing.T) {
	var all []byte
	for _, tt := range messages {
		all = append(all, tt.wire...)
	}
	r := audiosocket.NewReader(iotest.OneByteReader(bytes.NewReader(all)))
	for _, tt := range messages {
		m, err := r.Next()
		if err != nil || m.Kind != tt.kind || string(m.Payload) != tt.payload {
			t.Fatalf("%q is %v of %q: %v", tt.wire, m.Kind, m.Payload, err)
		}
		if got := m.Append(nil); string(got) != tt.wire {
			t.Errorf("%q is printed as %q", tt.wire, got)
		}
		rate, audio := m.Kind.SampleRate()
		if m.Kind.String() != tt.name || rate != tt.rate || audio != (tt.rate > 0) {
			t.Errorf("%v, %d Hz (%v)", m.Kind, rate, audio)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	for wire, want := range map[string]error{
		"\x10\x00":            io.ErrUnexpectedEOF,
		"\x10\x00\x04\x01":    io.ErrUnexpectedEOF,
		"\x10\x00\x01\x01":    nil,
		"\x01\x00\x01\x01":    nil,
		"\x03\x00\x0212":      nil,
		"\x03\x00\x00":        nil,
		"\x12\x00\x03\x01abc": nil,
	} {
		_, err := audiosocket.NewReader(bytes.NewReader([]byte(wire))).Next()
		if err == nil || want != nil && !errors.Is(err, want) || want == nil && fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", wire, err)
		}
	}
}

func TestSamplesAndReasons(t *testing.T) {
	pcm := []int16{0, 1, -1, 32767, -32768}
	if got := audiosocket.PCM(nil, audiosocket.AppendPCM(nil, pcm)); !slices.Equal(got, pcm) {
		t.Errorf("%v", got)
	}
	for payload, want := range map[string]string{
		"": "an error without a code", "\x00": "no error", "\x01": "the call has hung up",
		"\x02": "a frame could not be passed on", "\x04": "out of memory", "\x07": "error 0x07",
	} {
		if got := (audiosocket.Message{Kind: audiosocket.Error, Payload: []byte(payload)}).Reason(); got != want {
			t.Errorf("%q: %s", payload, got)
		}
	}
	long := audiosocket.Message{Kind: audiosocket.Audio, Payload: make([]byte, audiosocket.MaxPayload+3)}
	if n := len(long.Append(nil)); n != audiosocket.MaxPayload+3 {
		t.Errorf("%d bytes", n)
	}
}

// Whatever comes is read or refused, and what is read prints as it came.
func FuzzMessages(f *testing.F) {
	for _, tt := range messages {
		f.Add([]byte(tt.wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r, rest := audiosocket.NewReader(bytes.NewReader(wire)), wire
		for {
			m, err := r.Next()
			if err != nil {
				return
			}
			printed := m.Append(nil)
			if !bytes.HasPrefix(rest, printed) {
				t.Fatalf("%q is printed as %q", rest, printed)
			}
			rest = rest[len(printed):]
		}
	})
}
