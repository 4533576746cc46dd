package media

// Impairment is what a codec does to speech, in the numbers that the E-model takes
// (ITU-T G.107, and G.113 for the values). The zero value is of a codec of which
// nothing is known.
type Impairment struct {
	// Band is the scale that the numbers are of.
	Band Band
	// Ie is the equipment impairment factor without loss; 0 is none.
	Ie float64
	// Bpl is the robustness against packet loss: the percentage of random loss that
	// costs half of what losing everything does.
	Bpl float64
}

// Known reports whether the codec can be rated.
func (i Impairment) Known() bool { return i.Bpl > 0 }

// Band is how much of the sound spectrum a codec carries.
type Band uint8

// The bands for which there is an E-model.
const (
	Narrowband Band = iota // 300 to 3400 Hz: ITU-T G.107
	Wideband               // 50 to 7000 Hz: ITU-T G.107.1
	Fullband               // 20 to 20000 Hz: ITU-T G.107.2
)

// String is "narrowband", "wideband" or "fullband".
func (b Band) String() string {
	switch b {
	case Wideband:
		return "wideband"
	case Fullband:
		return "fullband"
	default:
		return "narrowband"
	}
}
