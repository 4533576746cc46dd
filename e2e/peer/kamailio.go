package peer

import (
	_ "embed" // for the file below
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kamailioConfig is a proxy in front of a server: it stays in the way of calls
// (Record-Route) and of registrations (Path, RFC 3327), and knows nobody itself.
//
//go:embed kamailio.cfg
var kamailioConfig string

// KamailioPeer is a proxy that runs, on a UDP port of loopback.
type KamailioPeer struct {
	Port int
	proc *process
}

// Kamailio starts a Kamailio in front of the server on a UDP port of loopback.
func Kamailio(t testing.TB, behind int) *KamailioPeer {
	t.Helper()
	program := need(t, "kamailio")
	dir := scratch(t, "kamailio")
	port := FreePort(t)
	write(t, dir, map[string]string{"kamailio.cfg": strings.NewReplacer(
		"@PORT@", strconv.Itoa(port), "@BEHIND@", strconv.Itoa(behind),
	).Replace(kamailioConfig)})
	proc := start(t, "kamailio", exec.Command(program, "-DD", "-E", "-f", dir+"/kamailio.cfg", "-Y", dir, "-w", dir, "-m", "16", "-M", "4"))
	eventually(t, "kamailio's start", func() error { return pinged(port) })
	return &KamailioPeer{port, proc}
}

// Within is how many requests of a method it passed on within calls, as its Record-Route
// has them come; ByPath is how many from the server that a phone's Path brought to it.
func (k *KamailioPeer) Within(method string) int { return k.told("within a call: " + method) }

// ByPath counts likewise.
func (k *KamailioPeer) ByPath(method string) int { return k.told("by its path: " + method) }

func (k *KamailioPeer) told(what string) int {
	return strings.Count(k.proc.out.tail(1<<20), what+"\n")
}

// pinged is nil when something on a UDP port of loopback answers OPTIONS.
func pinged(port int) error {
	conn, err := net.Dial("udp", address(port))
	if err != nil {
		return err
	}
	defer conn.Close()
	local := conn.LocalAddr()
	if _, err := fmt.Fprintf(conn, "OPTIONS sip:ping@%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;branch=z9hG4bKping;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:ping@%[1]s>;tag=ping\r\nTo: <sip:ping@%[1]s>\r\nCall-ID: ping-%[2]s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		address(port), local); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 2048))
	return err
}
