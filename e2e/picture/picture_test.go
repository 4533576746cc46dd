package picture

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// No two frames of any two cameras have one code, and a frame whose blocks are black, or white, or
// off by one bit, has none.
func TestCode(t *testing.T) {
	of := map[uint16][2]int{}
	for whose := range 8 {
		for frame := range Frames {
			code := Code(whose, frame)
			if other, ok := of[code]; ok {
				t.Fatalf("camera %d's frame %d has the code of %v", whose, frame, other)
			}
			of[code] = [2]int{whose, frame}
		}
	}
	for _, none := range []uint16{0, 0xFFFF} {
		if _, ok := of[none]; ok {
			t.Errorf("%#x is a code", none)
		}
	}
	for code, who := range of {
		for bit := range bits {
			if _, ok := of[code^1<<bit]; ok {
				t.Fatalf("%v with bit %d turned is another", who, bit)
			}
		}
	}
}

func TestWriteY4M(t *testing.T) {
	name := filepath.Join(t.TempDir(), "camera.y4m")
	if err := WriteY4M(name, 5); err != nil {
		t.Fatal(err)
	}
	film, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, film, ok := bytes.Cut(film, []byte("\n"))
	const size = len("FRAME\n") + Width*Height*3/2
	if !ok || string(head) != "YUV4MPEG2 W320 H180 F15:1 Ip A1:1 C420" || len(film) != Frames*size {
		t.Fatalf("%q, then %d bytes", head, len(film))
	}
	for _, n := range []int{0, 1, 77, Frames - 1} {
		frame := film[n*size:][len("FRAME\n"):]
		for _, at := range [][2]int{{10, 20}, {30, 20}, {310, 20}, {0, 100}, {319, 179}} {
			if got, want := frame[at[1]*Width+at[0]], Luma(5, n, at[0], at[1]); got != want {
				t.Errorf("frame %d at %v: %d, want %d", n, at, got, want)
			}
		}
	}
}
