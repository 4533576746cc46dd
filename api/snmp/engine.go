package snmp

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"
)

// engine is who the agent is to SNMPv3 (RFC 3411, RFC 3414 §2.2): what it is called, how often it has
// started, and since when it runs. Old messages are known by that.
type engine struct {
	id    string
	boots uint32
	began time.Time
}

// time is snmpEngineTime.
func (e engine) time(now time.Time) uint32 {
	return uint32(min(max(0, now.Sub(e.began)/time.Second), math.MaxInt32)) //nolint:gosec // bounded
}

const engineFile = "snmp-engine.json"

// stored is an engine in its file.
type stored struct {
	ID    string `json:"id"` // hexadecimal
	Boots uint32 `json:"boots"`
}

// loadEngine reads the engine of a folder, or makes one, and counts this start before anybody is answered.
func loadEngine(folder string, now time.Time) (engine, error) {
	file := filepath.Join(folder, engineFile)
	var kept stored
	text, err := os.ReadFile(file) //nolint:gosec // of the operator's own folder
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return engine{}, fmt.Errorf("snmp: %w", err)
	default:
		if err := json.Unmarshal(text, &kept); err != nil {
			return engine{}, fmt.Errorf("snmp: %s: %w", file, err)
		}
	}
	id, err := hex.DecodeString(kept.ID)
	if err != nil || len(id) > 32 {
		return engine{}, fmt.Errorf("snmp: %s: %q is no engine's id", file, kept.ID)
	}
	if len(id) < 5 || kept.Boots >= math.MaxInt32 { // a new one
		// net-snmp's number with the highest bit set, 5 for octets as one likes, and those.
		id = append([]byte{0x80, 0, 0x1f, 0x88, 5}, make([]byte, 8)...)
		if _, err := rand.Read(id[5:]); err != nil {
			return engine{}, fmt.Errorf("snmp: %w", err)
		}
		kept.Boots = 0
	}
	kept.ID, kept.Boots = hex.EncodeToString(id), kept.Boots+1
	if text, err = json.Marshal(kept); err != nil {
		return engine{}, fmt.Errorf("snmp: %w", err)
	}
	if err := replace(file, text); err != nil {
		return engine{}, fmt.Errorf("snmp: %w", err)
	}
	return engine{string(id), kept.Boots, now}, nil
}

// replace writes a file whole, and onto the disk, and its name as well: an engine that counts its starts
// anew after a loss of power would take old requests for new ones.
func replace(file string, text []byte) error {
	f, err := os.OpenFile(file+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // of the operator's own folder
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
