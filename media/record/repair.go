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
// nobody writes get a true header and their name, or, where another file has it, that
// name with a number. It returns their names. What cannot be read or finished is in the
// error and keeps nothing else from being finished. A folder that is not there is empty.
func Repair(folder string) (repaired []string, err error) {
	var failed []error
	fail := func(err error) error {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, fmt.Errorf("record: repair: %w", err))
		}
		return nil
	}
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		path := strings.TrimSuffix(name, Part)
		if err != nil || path == name || !d.Type().IsRegular() || !ours(path) {
			return fail(err)
		}
		final, err := repair(name, path)
		if final != "" {
			repaired = append(repaired, final)
		}
		return fail(err)
	})
	return repaired, errors.Join(append(failed, err)...)
}

// ours reports whether a file's name is one of a recording.
func ours(path string) bool {
	_, err := FormatOfFile(path)
	return err == nil
}

// repair finishes one file. The name is "" while somebody writes the file.
func repair(part, path string) (final string, err error) {
	f, err := os.OpenFile(part, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return "", nil // it is being written
	}
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	var head [waveHeader]byte
	if n, _ := f.ReadAt(head[:], 0); n == waveHeader && string(head[:4]) == "RIFF" && string(head[36:40]) == "data" {
		size := uint32(min(info.Size(), 1<<32-1))
		binary.LittleEndian.PutUint32(head[4:], size-8)
		binary.LittleEndian.PutUint32(head[40:], size-waveHeader)
		if _, err := f.WriteAt(head[:], 0); err != nil {
			return "", err
		}
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	if final, err = link(part, path); err != nil {
		return "", err
	}
	return final, os.Remove(part)
}

// maxNamesakes is how many recordings of one name find another.
const maxNamesakes = 100

// link gives a file its name, or that with a number: a link fails where a rename would
// replace another recording.
func link(part, path string) (final string, err error) {
	ext := filepath.Ext(path)
	for i := range maxNamesakes {
		final = path
		if i > 0 {
			final = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), i, ext)
		}
		if err = os.Link(part, final); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return final, err
}
