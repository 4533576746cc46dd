package phones_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

const (
	pageWidth = 1728 // of T.4, pixels
	pageRows  = 120
	stripe    = 20 // rows, white and black by turns
)

// page is a sheet with black stripes as an uncompressed TIFF of one bit a pixel.
func page() []byte {
	const bytesPerRow, head, entries = pageWidth / 8, 8, 12
	const ratios = head + 2 + entries*12 + 4
	const pixels = ratios + 16
	le := binary.LittleEndian
	b := append([]byte("II"), 42, 0)
	b = le.AppendUint32(b, head)
	b = le.AppendUint16(b, entries)
	for _, e := range [entries][3]uint32{ // tag, type, value
		{256, 4, pageWidth}, {257, 4, pageRows}, {258, 3, 1}, {259, 3, 1}, {262, 3, 0}, {273, 4, pixels}, {277, 3, 1},
		{278, 4, pageRows}, {279, 4, bytesPerRow * pageRows}, {282, 5, ratios}, {283, 5, ratios + 8}, {296, 3, 2},
	} {
		b = le.AppendUint16(b, uint16(e[0]))
		b = le.AppendUint16(b, uint16(e[1]))
		b = le.AppendUint32(b, 1)
		b = le.AppendUint32(b, e[2])
	}
	for _, n := range []uint32{0, 204, 1, 98, 1} { // no further page; dots per inch
		b = le.AppendUint32(b, n)
	}
	for row := range pageRows {
		black := byte(0)
		if row/stripe%2 == 1 {
			black = 0xff
		}
		b = append(b, slices.Repeat([]byte{black}, bytesPerRow)...)
	}
	return b
}

// An Asterisk sends a facsimile to itself through the server, by T.38, which passes from
// party to party. The page arrives.
func TestFacsimileOfAsterisk(t *testing.T) {
	t.Parallel()
	guest := peer.FreePort(t)
	files := conf(guest, "exten => 701,1,Dial(PJSIP/receive@guest,30)\n")
	files["pjsip.conf"] = strings.Replace(files["pjsip.conf"], "aors = guest\n", "aors = guest\nt38_udptl = yes\nfrom_user = skybridge\n", 1)
	l := start(t, files)
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{
		SIP: guest,
		PJSIP: `
[skybridge](endpoint)
t38_udptl = yes
t38_udptl_ec = redundancy
fax_detect = no
[skybridge]
type = identify
endpoint = skybridge
match = 127.0.0.1
`,
		Extensions: `
exten => sends,1,Answer()
 same => n,Set(FAXOPT(ecm)=yes)
 same => n,SendFAX(/peer/rec/page.tif)
exten => receive,1,Answer()
 same => n,Set(FAXOPT(ecm)=yes)
 same => n,ReceiveFAX(/peer/rec/got.tif)
 same => n,Verbose(1,received: ${FAXOPT(status)} by ${FAXMODE}: ${FAXOPT(error)})
 same => n,Hangup()
`,
	})
	if err := os.WriteFile(filepath.Join(asterisk.Dir, "rec", "page.tif"), page(), 0o644); err != nil { //nolint:gosec // Asterisk reads it
		t.Fatal(err)
	}
	l.run(t, "T.38", func(t *testing.T) {
		asterisk.Call(t, fmt.Sprintf("skybridge/sip:701@127.0.0.1:%d", l.SIP), "sends")
		peer.Eventually(t, "the facsimile is through", func() error {
			log := asterisk.Log()
			_, result, ok := strings.Cut(log, "app_verbose.c: received: ")
			switch {
			case !ok:
				return errors.New("not yet")
			case !strings.HasPrefix(result, "SUCCESS by T38"):
				t.Fatalf("received: %.100s", result)
			}
			return nil
		})
		sheet := filepath.Join(asterisk.Dir, "rec", "got.tif")
		gray, err := exec.Command("ffmpeg", "-v", "error", "-i", sheet, "-f", "rawvideo", "-pix_fmt", "gray", "-").Output() //nolint:gosec // our own file
		if err != nil {
			t.Fatal(err)
		}
		if len(gray) < pageWidth*pageRows || len(gray)%pageWidth != 0 {
			t.Fatalf("%d pixels", len(gray))
		}
		for row := range pageRows {
			if black := row/stripe%2 == 1; (gray[row*pageWidth+pageWidth/2] < 128) != black {
				t.Errorf("row %d is not as it was sent", row)
			}
		}
		asterisk.Hangup(t)
	})
}

// A machine that is called asks for T.38 once it has answered, and gets what the machine
// that calls says to it.
func TestFacsimileIsAskedFor(t *testing.T) {
	guest := peer.FreePort(t)
	files := conf(guest, "exten => 701,1,Dial(PJSIP/guest,30)\n")
	files["pjsip.conf"] = strings.Replace(files["pjsip.conf"], "aors = guest\n", "aors = guest\nt38_udptl = yes\n", 1)
	l := start(t, files)
	l.guest = guest
	for caller, called := range map[string]string{"fax-call": "fax-answer", "fax-call-refuses": "fax-answer-refused"} {
		l.run(t, caller, func(t *testing.T) {
			callee := l.callee(t, called, nil)
			l.caller(t, caller, "701", nil).Wait(t)
			callee.Wait(t)
		})
	}
}
