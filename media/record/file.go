package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

// Part is what a file's name ends in until it is finished.
const Part = ".part"

// truthEvery is how much audio a WAV header may be behind of the samples.
const truthEvery = 5 * time.Second

// File is a recording that is being written.
type File struct {
	path   string
	format Format
	stereo bool
	f      *os.File

	wave *wav.Writer
	enc  media.Encoder
	buf  []byte // of raw formats

	samples int64 // per channel
	behind  int64 // of them, those that the header does not know of
	done    bool
}

// FileConfig says what to write.
type FileConfig struct {
	// Path is the file's name in the end. Folders that are missing are made.
	Path   string
	Format Format
	// Stereo is for WAV and PCM: samples are interleaved.
	Stereo bool
	// Append goes on behind what the file holds, if it is there.
	Append bool
	Codecs media.Codecs
}

// Create begins a file. The error is of kind fault.Conflict when it is being recorded
// already, fault.Unsupported for a format that cannot be, fault.Invalid for a file
// to append to that is of another shape; else it is the disk's.
func Create(cfg FileConfig) (_ *File, err error) {
	if cfg.Stereo && cfg.Format.codec != "" {
		return nil, fault.New(fault.Unsupported, "record: %s has one channel", cfg.Format.Name)
	}
	r := &File{path: cfg.Path, format: cfg.Format, stereo: cfg.Stereo}
	if r.enc, err = cfg.Format.encoder(cfg.Codecs); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o777); err != nil { //nolint:gosec // the operator's umask decides
		return nil, fmt.Errorf("record: make the folder: %w", err)
	}
	if r.f, err = claim(cfg.Path + Part); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Discard())
		}
	}()
	if cfg.Format.wave {
		if r.wave, err = wav.NewWriter(r.f, wav.Format{SampleRate: cfg.Format.SampleRate, Channels: r.channels()}); err != nil {
			return nil, err
		}
	} else {
		r.buf = make([]byte, 0, 4096)
	}
	if cfg.Append {
		if err := r.takeOver(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// claim opens a file for one writer alone, and empties it.
func claim(name string) (*os.File, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o666) //nolint:gosec // the operator's umask decides
		if err != nil {
			return nil, fmt.Errorf("record: %w", err)
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			err = fault.New(fault.Conflict, "record: %s is being recorded already", name)
			return nil, errors.Join(err, f.Close())
		}
		// Its last writer may have finished it between the two calls.
		mine, err := f.Stat()
		if err == nil {
			var is fs.FileInfo
			if is, err = os.Stat(name); err == nil && os.SameFile(mine, is) {
				if err = f.Truncate(0); err == nil {
					return f, nil
				}
			}
		}
		if cerr := f.Close(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("record: %w", err), cerr)
		}
	}
}

// takeOver copies what the file holds already.
func (r *File) takeOver() (err error) {
	old, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record: append: %w", err)
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	if r.wave == nil {
		n, err := io.Copy(r.f, old)
		if err != nil {
			return fmt.Errorf("record: append: %w", err)
		}
		r.samples = n * int64(r.format.SampleRate) / r.bytesPerSecond()
		return nil
	}
	from, err := wav.NewReader(old)
	if err != nil {
		return fmt.Errorf("record: append: %w", err)
	}
	if want := (wav.Format{SampleRate: r.format.SampleRate, Channels: r.channels()}); from.Format() != want {
		return fault.New(fault.Invalid, "record: append: the file has %d channels of %d Hz", from.Format().Channels, from.Format().SampleRate)
	}
	var pcm [4096]int16
	for {
		n, err := from.Read(pcm[:])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err == nil {
			err = r.Write(pcm[:n])
		}
		if err != nil {
			return fmt.Errorf("record: append: %w", err)
		}
	}
}

func (r *File) channels() int {
	if r.stereo {
		return 2
	}
	return 1
}

// bytesPerSecond is how much a raw file takes.
func (r *File) bytesPerSecond() int64 {
	if r.enc != nil {
		return 8000 // all of them are of 64 kbit/s
	}
	return int64(2 * r.format.SampleRate * r.channels())
}

// Path is the file's name in the end.
func (r *File) Path() string { return r.path }

// Format is the file's format.
func (r *File) Format() Format { return r.format }

// Length is how much audio the file holds.
func (r *File) Length() time.Duration {
	return time.Duration(r.samples) * time.Second / time.Duration(r.format.SampleRate)
}

// Write appends samples, interleaved in stereo; those of an encoded format in frames
// of 20 ms. An error is the disk's, or of kind fault.TooLarge past 4 GiB of WAV; the
// file should then be finished.
func (r *File) Write(pcm []int16) error {
	switch {
	case r.wave != nil:
		if err := r.wave.Write(pcm); err != nil {
			return err
		}
	case r.enc != nil:
		for n := r.format.SampleRate / 50; len(pcm) >= n; pcm = pcm[n:] {
			if err := r.encode(pcm[:n]); err != nil {
				return err
			}
			r.samples += int64(n)
		}
		return nil
	default:
		for _, v := range pcm {
			r.buf = binary.LittleEndian.AppendUint16(r.buf, uint16(v))
			if err := r.drain(2); err != nil {
				return err
			}
		}
	}
	n := int64(len(pcm) / r.channels())
	r.samples += n
	if r.behind += n; r.wave != nil && r.behind >= int64(truthEvery.Seconds())*int64(r.format.SampleRate) {
		r.behind = 0
		return r.wave.Flush()
	}
	return nil
}

func (r *File) encode(frame []int16) error {
	at := len(r.buf)
	n, err := r.enc.Encode(r.buf[at:cap(r.buf)], frame)
	if err != nil {
		return fmt.Errorf("record: encode: %w", err)
	}
	r.buf = r.buf[:at+n]
	return r.drain(n)
}

// drain writes what is buffered once there is no room for more bytes.
func (r *File) drain(room int) error {
	if r.wave != nil || len(r.buf)+room <= cap(r.buf) {
		return nil
	}
	_, err := r.f.Write(r.buf)
	r.buf = r.buf[:0]
	if err != nil {
		return fmt.Errorf("record: write: %w", err)
	}
	return nil
}

// Rewind takes back the last audio, at most all of it.
func (r *File) Rewind(d time.Duration) error {
	n := min(int64(d)*int64(r.format.SampleRate)/int64(time.Second), r.samples)
	if r.enc != nil {
		n -= n % int64(r.format.SampleRate/50)
	}
	if n <= 0 {
		return nil
	}
	r.samples -= n
	if r.wave != nil {
		return r.wave.Truncate(r.samples * int64(r.channels()))
	}
	if err := r.drain(cap(r.buf) + 1); err != nil {
		return err
	}
	size := r.samples * r.bytesPerSecond() / int64(r.format.SampleRate)
	if err := r.f.Truncate(size); err != nil {
		return fmt.Errorf("record: rewind: %w", err)
	}
	if _, err := r.f.Seek(size, io.SeekStart); err != nil {
		return fmt.Errorf("record: rewind: %w", err)
	}
	return nil
}

// Finish writes what is left, brings it to the disk and gives the file its name. It
// does what it can even after an error, which it tells.
func (r *File) Finish() error {
	if r.done {
		return nil
	}
	r.done = true
	var errs []error
	if r.wave != nil {
		errs = append(errs, r.wave.Close())
	} else {
		errs = append(errs, r.drain(cap(r.buf)+1))
	}
	// Renamed before it is closed, so that nobody can claim the part meanwhile.
	errs = append(errs, r.f.Sync(), os.Rename(r.path+Part, r.path))
	return r.close(append(errs, syncFolder(filepath.Dir(r.path)))...)
}

// Discard ends the file without a trace.
func (r *File) Discard() error {
	if r.done {
		return nil
	}
	r.done = true
	return r.close(os.Remove(r.path + Part))
}

func (r *File) close(errs ...error) error {
	if r.enc != nil {
		r.enc.Close()
	}
	if err := errors.Join(append(errs, r.f.Close())...); err != nil {
		return fmt.Errorf("record: finish %s: %w", r.path, err)
	}
	return nil
}

// syncFolder brings a new name in a folder to the disk.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
