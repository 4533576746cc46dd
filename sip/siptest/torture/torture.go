// Package torture has the messages of RFC 4475 and RFC 5118, of testdata/sip/torture, with what
// each must get, and spoils messages.
//
// It starts no goroutine.
package torture

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Case is a message, and what it gets: a status, or 0 for silence.
type Case struct {
	Name, Text string
	UDP, TCP   int // from a handler that answers 200 to requests and 486 to calls
	TCPCloses  bool
	Server     int // for strangers, from the server as it is; over TCP only where UDP and TCP are alike
}

// Cases are those of expect.txt in a folder.
func Cases(t testing.TB, dir string) (out []Case) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "expect.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Fields(strings.Split(sc.Text(), "#")[0])
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 4 {
			t.Fatalf("expect.txt: %q", sc.Text())
		}
		text, err := os.ReadFile(filepath.Join(dir, fields[0]+".sip"))
		if err != nil {
			t.Fatal(err)
		}
		tcp, closes := strings.CutSuffix(fields[2], "+close")
		c := Case{Name: fields[0], Text: string(text), TCPCloses: closes}
		for i, to := range map[int]*int{1: &c.UDP, 3: &c.Server} {
			if *to, err = strconv.Atoi(fields[i]); err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
		}
		if c.TCP, err = strconv.Atoi(tcp); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		out = append(out, c)
	}
	return out
}

// Texts are the messages alone.
func Texts(t testing.TB, dir string) (out []string) {
	t.Helper()
	for _, c := range Cases(t, dir) {
		out = append(out, c.Text)
	}
	return out
}

// Identity is what makes of two messages one that is repeated: their Call-ID and CSeq.
func (c Case) Identity() string {
	var out []string
	for line := range strings.SplitSeq(c.Text, "\r\n") {
		if name, _, _ := strings.Cut(line, ":"); name == "Call-ID" || name == "CSeq" {
			out = append(out, line)
		}
	}
	return strings.Join(out, " ")
}

// Seed is that of what is spoilt: SKYBRIDGE_SEED, or always the same.
func Seed(t testing.TB) uint64 {
	t.Helper()
	n := uint64(4475)
	if text := os.Getenv("SKYBRIDGE_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SKYBRIDGE_SEED=%d sends the same again", n)
	return n
}

// Spoil changes some bytes of a message.
func Spoil(r *rand.Rand, text string) string {
	const special = "\r\n\x00:;<>\"@%, \t="
	b := []byte(text)
	for range 1 + r.IntN(8) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(6) {
		case 0:
			b[at] = byte(r.IntN(256)) //nolint:gosec // a byte
		case 1:
			b = append(b[:at], b[at+1:]...)
		case 2:
			b = append(b[:at], append([]byte{special[r.IntN(len(special))]}, b[at:]...)...)
		case 3: // a part comes twice
			end := min(len(b), at+1+r.IntN(60))
			b = append(b[:end], append([]byte(string(b[at:end])), b[end:]...)...)
		case 4: // a number becomes another
			for i := at; i < len(b) && i < at+40; i++ {
				if b[i] >= '0' && b[i] <= '9' {
					b[i] = "0123456789"[r.IntN(10)]
				}
			}
		default:
			if r.IntN(4) == 0 {
				b = b[:at+1]
			}
		}
	}
	return string(b)
}
