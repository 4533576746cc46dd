package mixer

// PairMode is how one direction of a pair works.
type PairMode uint8

// The modes of a direction.
const (
	// PairIdle: there are not two ports, or nothing is to be sent.
	PairIdle PairMode = iota
	// PairRelay: packets pass as they come, with new headers.
	PairRelay
	// PairPCM: frames are decoded, or made (silence, playback), and encoded.
	PairPCM
)

// String is the mode's name.
func (m PairMode) String() string { return [...]string{"idle", "relay", "pcm"}[m] }
