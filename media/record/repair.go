package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// waveHeader is the length of the header that this package's files have.
const waveHeader = 44

// Repair finishes what a crash left behind in a folder and those below: files that
// nobody writes get a true header, and their name unless another file has it. It
// returns their names. A folder that is not there is empty.
func Repair(folder string) (repaired []string, err error) {
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(name, Part) {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		path := strings.TrimSuffix(name, Part)
		if !ours(path) {
			return nil
		}
		done, err := repair(name, path)
		if done {
			repaired = append(repaired, path)
		}
		return err
	})
	if err != nil {
		return repaired, fmt.Errorf("record: repair: %w", err)
	}
	return repaired, nil
}

// ours reports whether a file's name is one of a recording.
func ours(path string) bool {
	_, err := FormatOfFile(path)
	return err == nil
}

// repair finishes one file.
func repair(part, path string) (done bool, err error) {
	f, err := os.OpenFile(part, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false, nil // it is being written
	}
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	var head [waveHeader]byte
	if n, _ := f.ReadAt(head[:], 0); n == waveHeader && string(head[:4]) == "RIFF" && string(head[36:40]) == "data" {
		size := uint32(min(info.Size(), 1<<32-1))
		binary.LittleEndian.PutUint32(head[4:], size-8)
		binary.LittleEndian.PutUint32(head[40:], size-waveHeader)
		if _, err := f.WriteAt(head[:], 0); err != nil {
			return false, err
		}
	}
	if err := f.Sync(); err != nil {
		return false, err
	}
	// A link fails where a rename would replace another recording.
	if err := os.Link(part, path); errors.Is(err, fs.ErrExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, os.Remove(part)
}
