// Package picture makes a moving test picture for the camera of a browser. Each frame says in
// black and white blocks whose it is and which one it is, so that who decodes it can tell what
// has come, and by the grey below the blocks how well. page/eyes.js of e2e/peer reads it.
package picture

import (
	"bufio"
	"fmt"
	"os"
)

// The picture is small, so that a machine that has more to do keeps up.
const (
	Width  = 320
	Height = 180
	Rate   = 15 // frames a second
	// Frames is how many there are before the first comes again.
	Frames = 128
)

// Of the blocks at the top; their bits are, from the left: one, zero, three of whose it is,
// seven of which frame it is, four of a checksum.
const (
	block  = 20 // pixels, wide
	blocks = 40 // pixels, high
	bits   = Width / block
)

// The brightness of blocks, and the range of the grey (ITU-R BT.601, as video has it).
const (
	black = 16
	white = 235
)

// Code is the bits of a frame, the leftmost highest.
func Code(whose, frame int) uint16 {
	data := whose&7<<7 | frame&127
	return 0b10<<14 | uint16(data)<<4 | uint16(sum(data)) //nolint:gosec // fourteen bits
}

// sum differs for neighbours and for a code of zeros.
func sum(data int) int { return (data ^ data>>4 ^ data>>8 ^ 0b1010) & 15 }

// Luma is the brightness of a pixel: below the blocks, waves that move with each frame, in another
// direction for each camera.
func Luma(whose, frame, x, y int) byte {
	if y < blocks {
		if Code(whose, frame)>>(bits-1-x/block)&1 == 1 {
			return white
		}
		return black
	}
	along := x + whose*y + frame*8
	wave := along % 256
	return byte(60 + min(wave, 255-wave))
}

// WriteY4M writes the frames of a camera, whose is 0 to 7, as a YUV4MPEG2 file.
func WriteY4M(name string, whose int) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if failed := f.Close(); err == nil {
			err = failed
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := fmt.Fprintf(w, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420\n", Width, Height, Rate); err != nil {
		return err
	}
	frame := make([]byte, Width*Height*3/2)
	for i := Width * Height; i < len(frame); i++ {
		frame[i] = 128 // no colour
	}
	for n := range Frames {
		for y := range Height {
			for x := range Width {
				frame[y*Width+x] = Luma(whose, n, x, y)
			}
		}
		if _, err := w.WriteString("FRAME\n"); err != nil {
			return err
		}
		if _, err := w.Write(frame); err != nil {
			return err
		}
	}
	return w.Flush()
}
