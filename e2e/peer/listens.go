package peer

import (
	"fmt"
	"os"
	"strings"
)

// listens is nil once a program has a port of loopback, on "udp" or "tcp". The kernel's
// table tells; binding the port to see whether it is free would take it from the program
// that is about to.
func listens(network string, port int) error {
	table, err := os.ReadFile("/proc/net/" + network)
	if err != nil {
		return err
	}
	// proc(5): "sl local_address rem_address st …". The address is the number that a
	// little-endian machine has for 127.0.0.1; 0A is the state of who listens by TCP.
	local := fmt.Sprintf("0100007F:%04X", port)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && f[1] == local && (network == "udp" || f[3] == "0A") {
			return nil
		}
	}
	return fmt.Errorf("nobody has port %d of %s", port, network)
}
