package reception

import "time"

// Gmin is how many packets received in a row end a burst (RFC 3611 §4.7.2).
const Gmin = 16

// Bursts counts how losses lie together (RFC 3611 §4.7.2, A.2): a burst is a stretch
// that begins and ends with a packet lost or discarded, and in which fewer than Gmin in
// a row are received; a loss alone between two gaps is part of the gap. The zero value
// has seen nothing. It is numbers only, so that it can be handed over one by one.
type Bursts [10]uint32

// What is counted. The transitions are those of A.2, between the states 1 (gap,
// received), 2 (burst, received), 3 (burst, lost) and 4 (gap, lost).
const (
	lost      = iota
	discarded // came too late to be played
	received  // in a row, since the last loss
	inBurst   // losses of the burst that has begun
	c11
	c13
	c14
	c22
	c23
	c33
)

// add takes the next packet of the stream.
func (b *Bursts) add(isLost, isDiscarded bool) {
	switch {
	case isLost:
		b[lost]++
	case isDiscarded:
		b[discarded]++
	default:
		b[received]++
		return
	}
	switch {
	case b[received] >= Gmin:
		if b[inBurst] == 1 {
			b[c14]++
		} else {
			b[c13]++
		}
		b[inBurst] = 1
		b[c11] += b[received]
	case b[received] == 0:
		b[inBurst]++
		b[c33]++
	default:
		b[inBurst]++
		b[c23]++
		b[c22] += b[received] - 1
	}
	b[received] = 0
}

// lose is add for n packets that are lost.
func (b *Bursts) lose(n uint32) {
	if n > 0 {
		b.add(true, false)
		b[lost], b[inBurst], b[c33] = b[lost]+n-1, b[inBurst]+n-1, b[c33]+n-1
	}
}

// Lost is how many packets never came.
func (b *Bursts) Lost() uint32 { return b[lost] }

// Discarded is how many came too late to be played.
func (b *Bursts) Discarded() uint32 { return b[discarded] }

// Gone is both.
func (b *Bursts) Gone() uint32 { return b[lost] + b[discarded] }

// Runs is how many times a packet was gone that followed one that was not.
func (b *Bursts) Runs() uint32 { return b.Gone() - b[c33] }

// Packets is how many packets are counted.
func (b *Bursts) Packets() uint32 {
	return b[received] + b[c11] + b[c22] + b[c23] + b.Gone()
}

// Density is the share of packets gone within bursts and within gaps, 0 to 1 (A.2).
func (b *Bursts) Density() (burst, gap float64) {
	if b.Gone() == 0 {
		return 0, 0
	}
	p32, p23 := 0.0, 1.0
	if of := b[c13] + b[c23] + b[c33]; of > 0 {
		p32 = float64(b[c23]) / float64(of)
	}
	if of := b[c22] + b[c23]; of > 0 {
		p23 = 1 - float64(b[c22])/float64(of)
	}
	if p23+p32 > 0 {
		burst = p23 / (p23 + p32)
	}
	if of := b.gaps() + b[c14]; of > 0 {
		gap = float64(b[c14]) / float64(of)
	}
	return burst, gap
}

// gaps is how many packets were received in gaps, the one under way included.
func (b *Bursts) gaps() uint32 {
	if b[received] >= Gmin {
		return b[c11] + b[received]
	}
	return b[c11]
}

// Durations is how long bursts and gaps are in the mean, of packets of one length (A.2).
func (b *Bursts) Durations(packet time.Duration) (burst, gap time.Duration) {
	number := time.Duration(b[c13])
	if number == 0 {
		return 0, time.Duration(b.Packets()) * packet
	}
	within := time.Duration(b.gaps() + b[c14] + b[c13])
	total := within + time.Duration(b[c22]+b[c23]+b[c13]+b[c23]+b[c33])
	return (total - within) * packet / number, within * packet / number
}
