package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// A peer that vanished in a call cannot answer our BYE; the server ends all the same,
// and well.
func TestAPeerThatIsGoneDoesNotSpoilTheEnd(t *testing.T) {
	dir := folder(t, map[string]string{
		"pjsip.conf":      "[1001]\ntype=endpoint\ncontext=internal\nallow=ulaw\n",
		"extensions.conf": "[internal]\nexten => 600,1,Answer()\n same => n,Wait(600)\n",
	})
	srv, log := started(t, "asterisk_dir="+dir)
	srv.patience = 200 * time.Millisecond
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(srv.sip.Addr("udp")))
	must(t, err)
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
	request := func(method, to, body string) string {
		return fmt.Sprintf("%s sip:600@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"+
			"From: <sip:1001@127.0.0.1>;tag=a\r\nTo: <sip:600@127.0.0.1>%s\r\nCall-ID: gone\r\nCSeq: 1 %s\r\nContact: <sip:1001@%s>\r\n"+
			"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", method, conn.LocalAddr(), method, to, method, conn.LocalAddr(), len(body), body)
	}
	_, err = conn.Write([]byte(request("INVITE", "", sdp)))
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 4096)
	answer := ""
	for !strings.HasPrefix(answer, "SIP/2.0 2") {
		n, err := conn.Read(buf)
		must(t, err)
		answer = string(buf[:n])
	}
	_, to, _ := strings.Cut(answer, "\r\nTo: <sip:600@127.0.0.1>")
	to, _, _ = strings.Cut(to, "\r\n")
	_, err = conn.Write([]byte(request("ACK", to, "")))
	must(t, err)
	must(t, conn.Close())
	if err := srv.stop(false); err != nil {
		t.Errorf("the end: %v\n%s", err, log)
	}
	if !strings.Contains(log.String(), "sip closed before every peer had answered") {
		t.Errorf("the log does not say so:\n%s", log)
	}
}
