package main

import (
	"context"
	"net"
	"os"
)

// notify tells the service manager how the server is (sd_notify(3)), where it waits
// for that, as Asterisk's own unit of systemd does.
func notify(ctx context.Context, state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unixgram", path) // a leading @ is an abstract one
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
