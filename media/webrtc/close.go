package webrtc

import "io"

// closeAfter closes c on the way out with err.
func closeAfter(err error, c io.Closer) error {
	if closeErr := c.Close(); closeErr != nil {
		return closeErr
	}
	return err
}
