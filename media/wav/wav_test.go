package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func le16(v ...int) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return b
}

func le32(v int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

func chunk(id string, size int, body ...[]byte) []byte {
	return slices.Concat(append([][]byte{[]byte(id), le32(size)}, body...)...)
}

func file(chunks ...[]byte) []byte {
	body := slices.Concat(chunks...)
	return slices.Concat([]byte("RIFF"), le32(4+len(body)), []byte("WAVE"), body)
}

func format(tag, channels, rate, bits int) []byte {
	return chunk("fmt ", 16, le16(tag, channels), le32(rate), le32(rate*2*channels), le16(2*channels, bits))
}

func extensible(sub int) []byte {
	guid := append(le16(sub), "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	return chunk("fmt ", 40, le16(formatExtensible, 2), le32(44100), le32(176400), le16(4, 16, 22, 16, 3, 0), guid)
}

// cases feed the tests and the fuzzer. err is a kind, or the mark none.
const none = fault.Kind(0xff)

var cases = []struct {
	name   string
	data   []byte
	format Format
	pcm    []int16
	end    error
	err    fault.Kind
}{
	{"mono", file(format(1, 1, 8000, 16), chunk("data", 4, le16(1, -2))), Format{8000, 1}, []int16{1, -2}, io.EOF, none},
	{"stereo", file(format(1, 2, 48000, 16), chunk("data", 8, le16(1, 2, 3, 4))), Format{48000, 2}, []int16{1, 2, 3, 4}, io.EOF, none},
	{"extensible", file(extensible(1), chunk("data", 4, le16(5, 6))), Format{44100, 2}, []int16{5, 6}, io.EOF, none},
	{"tags before and after", file(format(1, 1, 8000, 16), chunk("LIST", 3, []byte("abc\x00")), chunk("data", 2, le16(7)), chunk("LIST", 2, []byte("xy"))), Format{8000, 1}, []int16{7}, io.EOF, none},
	{"size never patched", file(format(1, 1, 8000, 16), chunk("data", 0, le16(1, 2, 3))), Format{8000, 1}, []int16{1, 2, 3}, io.EOF, none},
	{"size unknown", file(format(1, 1, 8000, 16), chunk("data", unknownSize, le16(1))), Format{8000, 1}, []int16{1}, io.EOF, none},
	{"no samples", file(format(1, 1, 8000, 16), chunk("data", 0)), Format{8000, 1}, nil, io.EOF, none},
	{"cut off in the samples", file(format(1, 1, 8000, 16), chunk("data", 100, le16(1, 2))), Format{8000, 1}, []int16{1, 2}, io.ErrUnexpectedEOF, none},
	{"half a sample at the end", file(format(1, 1, 8000, 16), chunk("data", 3, le16(9), []byte{1})), Format{8000, 1}, []int16{9}, io.EOF, none},
	{"empty", nil, Format{}, nil, nil, fault.Invalid},
	{"not riff", []byte("RIFX\x00\x00\x00\x00WAVE"), Format{}, nil, nil, fault.Invalid},
	{"cut off in the format", file(format(1, 1, 8000, 16))[:30], Format{}, nil, nil, fault.Invalid},
	{"no data chunk", file(format(1, 1, 8000, 16)), Format{}, nil, nil, fault.Invalid},
	{"data before format", file(chunk("data", 2, le16(1)), format(1, 1, 8000, 16)), Format{}, nil, nil, fault.Invalid},
	{"short format chunk", file(chunk("fmt ", 8, le16(1, 1, 8000, 0))), Format{}, nil, nil, fault.Invalid},
	{"huge format chunk", file(chunk("fmt ", 1<<30, le16(1))), Format{}, nil, nil, fault.Invalid},
	{"8 bits", file(format(1, 1, 8000, 8), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"mu-law", file(format(7, 1, 8000, 8), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"float in extensible", file(extensible(3), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"no channel", file(format(1, 0, 8000, 16), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"six channels", file(format(1, 6, 8000, 16), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"rate 0", file(format(1, 1, 0, 16), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"rate over 32 bits signed", file(format(1, 1, 0xfffffff0, 16), chunk("data", 2, le16(1))), Format{}, nil, nil, fault.Unsupported},
	{"huge tag", file(chunk("LIST", 1<<30)), Format{}, nil, nil, fault.TooLarge},
	{"endless tags", file(bytes.Repeat(chunk("junk", 0), maxPrelude/8+2)), Format{}, nil, nil, fault.TooLarge},
}

func readAll(r io.Reader) (f Format, pcm []int16, end, err error) {
	d, err := NewReader(r)
	if err != nil {
		return Format{}, nil, nil, err
	}
	block := make([]int16, 3)
	for {
		n, err := d.Read(block)
		pcm = append(pcm, block[:n]...)
		if err != nil {
			return d.Format(), pcm, err, nil
		}
	}
}

func TestRead(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, pcm, end, err := readAll(bytes.NewReader(c.data))
			if c.err != none {
				if err == nil || fault.Of(err) != c.err {
					t.Fatalf("error %v, want kind %v", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f != c.format || !slices.Equal(pcm, c.pcm) || !errors.Is(end, c.end) {
				t.Errorf("%+v %v ends with %v, want %+v %v %v", f, pcm, end, c.format, c.pcm, c.end)
			}
		})
	}
}

func TestReadMono(t *testing.T) {
	pcm, rate, err := ReadMono(bytes.NewReader(cases[1].data), 10)
	if err != nil || rate != 48000 || !slices.Equal(pcm, []int16{1, 3}) {
		t.Errorf("%v at %d Hz, %v", pcm, rate, err)
	}
	if _, _, err := ReadMono(bytes.NewReader(cases[0].data), 1); fault.Of(err) != fault.TooLarge {
		t.Errorf("two samples where one is allowed: %v", err)
	}
	if _, _, err := ReadMono(bytes.NewReader(nil), 1); err == nil {
		t.Error("an empty file was read")
	}
}

// What was written is read back, however it was cut into calls, and a file that
// was never closed keeps all but what was buffered.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := Format{rapid.IntRange(1, maxRate).Draw(t, "rate"), rapid.IntRange(1, 2).Draw(t, "channels")}
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Int16(), 0, 3000), 0, 5).Draw(t, "parts")
		name := filepath.Join(dir, "a.wav")
		out, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewWriter(out, f)
		if err != nil {
			t.Fatal(err)
		}
		var want []int16
		for _, p := range parts {
			if err := w.Write(p); err != nil {
				t.Fatal(err)
			}
			want = append(want, p...)
			if rapid.Bool().Draw(t, "flush") {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		check := func(lost int) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, pcm, _, err := readAll(bytes.NewReader(b))
			if err != nil || got != f {
				t.Fatalf("%+v, %v; want %+v", got, err, f)
			}
			if len(want)-len(pcm) > lost || !slices.Equal(pcm, want[:len(pcm)]) {
				t.Fatalf("%d of %d samples came back", len(pcm), len(want))
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		check(0)
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// failing is a file on a disk that fills up.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func (f *failing) Seek(int64, int) (int64, error) { return 0, nil }

func TestWriterErrors(t *testing.T) {
	if _, err := NewWriter(&failing{}, Format{8000, 1}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("header on a full disk: %v", err)
	}
	if _, err := NewWriter(&failing{1000}, Format{8000, 3}); fault.Of(err) != fault.Unsupported {
		t.Errorf("three channels: %v", err)
	}
	w, err := NewWriter(&failing{headerSize}, Format{8000, 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(make([]int16, 5000)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("samples on a full disk: %v", err)
	}
	if err := w.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("close on a full disk: %v", err)
	}
	w.data = maxData - 2
	if err := w.Write(make([]int16, 2)); fault.Of(err) != fault.TooLarge {
		t.Errorf("past 4 GiB: %v", err)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	w, err := NewWriter(&failing{1 << 30}, Format{8000, 1})
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() {
		if err := w.Write(pcm); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzReader(f *testing.F) {
	for _, c := range cases {
		if len(c.data) < 1000 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, pcm, end, err := readAll(bytes.NewReader(data))
		if err != nil {
			return
		}
		if got.validate() != nil || len(pcm) > len(data)/2 {
			t.Fatalf("%+v with %d samples from %d bytes", got, len(pcm), len(data))
		}
		if !errors.Is(end, io.EOF) && !errors.Is(end, io.ErrUnexpectedEOF) {
			t.Fatalf("ended with %v", end)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	w, err := NewWriter(&failing{1 << 62}, Format{8000, 1})
	if err != nil {
		b.Fatal(err)
	}
	pcm := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		w.data = 0
		if err := w.Write(pcm); err != nil {
			b.Fatal(err)
		}
	}
}
