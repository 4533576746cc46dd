package leg

// Mode is how one direction of a pair works.
type Mode uint8

// The modes of a direction.
const (
	// Idle: there are not two ports, or nothing is to be sent.
	Idle Mode = iota
	// Relay: packets pass as they come, with new headers.
	Relay
	// PCM: frames are decoded, or made (silence, playback), and encoded.
	PCM
)

// String is the mode's name.
func (m Mode) String() string { return [...]string{"idle", "relay", "pcm"}[m] }
