package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// What parties outside are told, by the setting and by the files.
func TestOutside(t *testing.T) {
	const udp = "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:5060\n"
	const tcp = "[tcp]\ntype=transport\nprotocol=tcp\nbind=127.0.0.1:5060\n"
	for _, tc := range []struct {
		name, pjsip, sip, set string
		signalling, media     string
		local                 string
		warning               string
		ports                 string
	}{
		{name: "nothing", pjsip: udp, media: ""},
		{name: "the setting", pjsip: udp, set: "external_ip=203.0.113.5", signalling: "203.0.113.5", media: "203.0.113.5"},
		{
			name: "the files", pjsip: udp + "external_signaling_address=sip.example.com\nexternal_media_address=203.0.113.6\nlocal_net=198.51.100.0/24\n",
			signalling: "sip.example.com", media: "203.0.113.6", local: "198.51.100.0/24",
		},
		{
			name: "the setting goes first", pjsip: udp + "external_signaling_address=sip.example.com\nexternal_media_address=203.0.113.6\nlocal_net=198.51.100.0/24\n",
			set: "external_ip=203.0.113.5", signalling: "203.0.113.5", media: "203.0.113.5", local: "198.51.100.0/24",
		},
		{
			name: "sip.conf", sip: "[general]\nexternaddr=203.0.113.7:5070\nlocalnet=198.51.100.0/255.255.255.0\n",
			signalling: "203.0.113.7", media: "203.0.113.7", local: "198.51.100.0/24", ports: "map[udp:5070]",
		},
		{
			name: "two transports", pjsip: udp + "external_signaling_address=203.0.113.8\nlocal_net=198.51.100.0/24\n" + tcp + "external_signaling_address=203.0.113.9\nlocal_net=192.0.2.0/24\n",
			signalling: "203.0.113.8", media: "", local: "192.0.2.0/24", warning: "another external signalling address, 203.0.113.9",
		},
		{
			name: "both families", pjsip: udp + "external_signaling_address=203.0.113.8\nexternal_media_address=203.0.113.8\n" +
				"[six]\ntype=transport\nprotocol=udp\nbind=[::1]:5060\nexternal_signaling_address=2001:db8::8\nexternal_media_address=2001:db8::8\n",
			signalling: "203.0.113.8 2001:db8::8", media: "203.0.113.8 2001:db8::8",
		},
		{name: "both in the setting", pjsip: udp, set: "external_ip=203.0.113.5,2001:db8::5", signalling: "203.0.113.5 2001:db8::5", media: "203.0.113.5 2001:db8::5"},
		{name: "no host", pjsip: udp + "external_signaling_address=a b\n", media: "", warning: `"a b" is neither a name nor an address`},
		{
			name: "media by name", sip: "[general]\nexternhost=sip.example.com\n", signalling: "sip.example.com", media: "",
			warning: `external media address "sip.example.com" is no address`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var set []string
			if tc.set != "" {
				set = append(set, tc.set)
			}
			in, cfg := installed(t, folder(t, map[string]string{"pjsip.conf": tc.pjsip, "sip.conf": tc.sip}), set...)
			o := in.outside(cfg)
			if got, media := fmt.Sprint(o.Signalling), fmt.Sprint(o.Media); got != "["+tc.signalling+"]" || media != "["+tc.media+"]" {
				t.Errorf("%s and %s", got, media)
			}
			if got := fmt.Sprint(o.Ports); tc.ports != "" && got != tc.ports {
				t.Errorf("ports %s, not %s", got, tc.ports)
			}
			for _, p := range []string{"10.0.0.0/8", "127.0.0.0/8", "fe80::/10", tc.local} {
				if p != "" && !slices.Contains(o.Local, netip.MustParsePrefix(p)) {
					t.Errorf("%s is not local: %v", p, o.Local)
				}
			}
			text := fmt.Sprint(in.warnings)
			if tc.warning != "" && !strings.Contains(text, tc.warning) || tc.warning == "" && strings.Contains(text, "external") {
				t.Errorf("warnings: %s", text)
			}
		})
	}
}

// A phone in our own network is told where we are there, in Contact and in SDP.
func TestAPhoneInsideIsNotToldTheOutsideAddress(t *testing.T) {
	srv, _ := started(t, "external_ip=203.0.113.5", "asterisk_dir="+folder(t, map[string]string{
		"pjsip.conf":      "[1001]\ntype=endpoint\ncontext=internal\nallow=ulaw\n",
		"extensions.conf": "[internal]\nexten => 600,1,Answer()\n same => n,Wait(600)\n",
	}))
	phone := siptest.UDP(t, srv.sip.Addr("udp"))
	call := phone.NewCall("sip:600@127.0.0.1")
	call.From = "<sip:1001@127.0.0.1>"
	ok := call.Answered("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n")
	if strings.Contains(ok.Text, "203.0.113.5") || !strings.Contains(ok.URI("Contact"), "127.0.0.1") || !strings.Contains(ok.Text, "c=IN IP4 127.0.0.1") {
		t.Errorf("a phone at 127.0.0.1 is told\n%s", ok.Text)
	}
	call.Send("BYE", "")
	phone.Skip("SIP/2.0 200")
}

// Media of a call that begins after a reload is asked to the address of then; a reload that is
// refused changes nothing.
func TestTheOutsideAddressFollowsAReload(t *testing.T) {
	const udp = "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\nexternal_media_address="
	dir := folder(t, map[string]string{"pjsip.conf": udp + "203.0.113.6\n"})
	srv, _ := started(t, "asterisk_dir="+dir)
	for _, step := range []struct {
		address, want string
		refused       bool
	}{{"203.0.113.6", "203.0.113.6", false}, {"203.0.113.7", "203.0.113.7", false}, {"0.0.0.0", "203.0.113.7", true}, {"203.0.113.8", "203.0.113.8", false}} {
		must(t, os.WriteFile(filepath.Join(dir, "pjsip.conf"), []byte(udp+step.address+"\n"), 0o600))
		if err := srv.reload(t.Context()); (err != nil) != step.refused {
			t.Errorf("reload with %s: %v", step.address, err)
		}
		if got := srv.address.Outside(); got.String() != step.want {
			t.Errorf("with %s, others are told %s, want %s", step.address, got, step.want)
		}
	}
}
