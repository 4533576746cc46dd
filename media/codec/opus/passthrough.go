//go:build !cgo

package opus

import "github.com/skygenesisenterprise/skybridge/media"

// Without libopus there is nothing to encode or decode with.
var (
	newEncoder  func(media.EncoderConfig) (media.Encoder, error)
	newDecoder  func() (media.Decoder, error)
	encodeBatch func([]media.EncodeJob)
)
