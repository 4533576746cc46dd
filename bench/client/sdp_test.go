package client

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

func TestFind(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	for name, tt := range map[string]struct {
		codec Codec
		text  string
		want  string // "" for an error
		pt    uint8
	}{
		"static":             {PCMU, head + "m=audio 4000 RTP/AVP 0\r\n", "127.0.0.1:4000", 0},
		"its own address":    {PCMU, head + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 127.0.0.2\r\n", "127.0.0.2:4000", 0},
		"one of several":     {G722, head + "m=audio 4000 RTP/AVP 0 9 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtpmap:9 G722/8000\r\n", "127.0.0.1:4000", 9},
		"another type":       {Opus, head + "m=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 telephone-event/48000\r\na=rtpmap:97 opus/48000/2\r\n", "127.0.0.1:4000", 97},
		"behind video":       {PCMU, head + "m=video 5000 RTP/AVP 99\r\nm=audio 4000 RTP/AVP 0\r\n", "127.0.0.1:4000", 0},
		"before video":       {PCMU, head + "m=audio 4000 RTP/AVP 0\r\nm=video 5000 RTP/AVP 99\r\nc=IN IP4 127.0.0.3\r\n", "127.0.0.1:4000", 0},
		"another codec":      {Opus, head + "m=audio 4000 RTP/AVP 0\r\n", "", 0},
		"a key that is none": {PCMU, head + "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AEAD_AES_128_GCM inline:AAAA\r\n", "", 0},
		"a direction":        {PCMU, head + "m=audio 4000 RTP/AVP 0\r\na=extmap:0/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", "127.0.0.1:4000", 0},
		"refused":            {PCMU, head + "m=audio 0 RTP/AVP 0\r\n", "", 0},
		"no audio":           {PCMU, head, "", 0},
		"no port":            {PCMU, head + "m=audio x RTP/AVP 0\r\n", "", 0},
		"a host by its name": {PCMU, strings.Replace(head, "127.0.0.1", "example", 1) + "m=audio 4000 RTP/AVP 0\r\n", "", 0},
		"nothing":            {PCMU, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.codec.Find(tt.text)
			switch {
			case err != nil && tt.want != "":
				t.Error(err)
			case err == nil && (got.Address.String() != tt.want || got.PayloadType != tt.pt):
				t.Errorf("%+v, want %q with %d", got, tt.want, tt.pt)
			}
		})
	}
}

// What is offered is what is found in it.
func TestDescribe(t *testing.T) {
	for _, c := range []Codec{PCMU, G722, Opus} {
		plain := Media{Address: netip.MustParseAddrPort("127.0.0.1:4000"), PayloadType: c.PayloadType}
		secure := plain
		secure.LevelID, secure.Key = 3, srtp.NewMaster(srtp.GCM128)
		for _, m := range []Media{plain, secure} {
			if got, err := c.Find(c.Describe(m)); err != nil || got != m {
				t.Errorf("%s: %+v, %v", c.Name, got, err)
			}
		}
		if found, ok := Find(strings.ToLower(c.Name)); !ok || found != c {
			t.Errorf("%s is not found by its name", c.Name)
		}
	}
	if _, ok := Find("GSM"); ok {
		t.Error("GSM is found")
	}
}
