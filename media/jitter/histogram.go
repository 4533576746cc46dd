package jitter

// A histogram says how many milliseconds of audio came how late: bins of one width from
// an origin on, weight for each millisecond. What is later than the last bin begins
// counts there.

// shiftLater makes everything known later by so many bins.
func shiftLater(h []uint16, by int) {
	n := len(h)
	by = min(by, n-1)
	over := uint32(0)
	for _, v := range h[n-1-by:] {
		over += uint32(v)
	}
	copy(h[by:], h[:n-by])
	clear(h[:by])
	h[n-1] = uint16(min(over, 1<<16-1))
}

// shiftEarlier makes everything known earlier by so many bins, but for what is in the
// last: how late that was nobody knows.
func shiftEarlier(h []uint16, by int) {
	n := len(h)
	by = min(by, n-2)
	under := uint32(0)
	for _, v := range h[:by+1] {
		under += uint32(v)
	}
	copy(h, h[by:n-1])
	clear(h[n-1-by : n-1])
	h[0] = uint16(min(under, 1<<16-1))
}

// put counts so much in a bin, or in the last, and gives how much fitted.
func put(h []uint16, bin int64, much uint32) uint32 {
	at := &h[min(bin, int64(len(h)-1))]
	much = min(much, 1<<16-1-uint32(*at))
	*at += uint16(much)
	return much
}

// fade lets what is known be less, and gives what is left of all.
func fade(h []uint16) (sum uint32) {
	for i, v := range h {
		if v > 0 {
			v = uint16(uint32(v) * agingKeeps >> 10)
			h[i] = v
			sum += uint32(v)
		}
	}
	return sum
}

// beyond is the upper edge, in bins, of the one beyond which there is at most so much.
func beyond(h []uint16, spare uint32) int64 {
	at := len(h) - 1
	for ; at > 0; at-- {
		v := uint32(h[at])
		if v > spare {
			break
		}
		spare -= v
	}
	return int64(at) + 1
}
