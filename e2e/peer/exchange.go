package peer

import (
	"net"
	"strings"
	"testing"
	"time"
)

// Exchange sends a datagram until an answer comes that holds mark, and checks that
// it begins with want. Provisional and foreign answers are passed over.
func Exchange(t testing.TB, conn net.Conn, message, mark, want string) {
	t.Helper()
	if answer := Answer(t, conn, message, mark); !strings.HasPrefix(answer, want) {
		t.Fatalf("answer to\n%s\nis\n%s\nwant %s", message, answer, want)
	}
}

// Answer sends a datagram until an answer comes that holds mark, and gives it.
// Provisional and foreign answers are passed over.
func Answer(t testing.TB, conn net.Conn, message, mark string) string {
	t.Helper()
	buf := make([]byte, 65536)
	for range 60 {
		if _, err := conn.Write([]byte(message)); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(time.Second)
		for {
			if err := conn.SetReadDeadline(deadline); err != nil {
				t.Fatal(err)
			}
			n, err := conn.Read(buf)
			if err != nil {
				break // send again
			}
			answer := string(buf[:n])
			if strings.Contains(answer, mark) && !strings.HasPrefix(answer, "SIP/2.0 1") {
				return answer
			}
		}
	}
	t.Fatalf("no answer to\n%s", message)
	return ""
}
