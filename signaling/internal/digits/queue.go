// Package digits keeps the digits that a party has pressed and nobody has read yet. It starts
// no goroutine.
package digits

// Queue is digits, oldest first.
type Queue chan byte

// Put adds a digit. Where there is no room the oldest makes some. One goroutine puts.
func (q Queue) Put(digit byte) {
	for {
		select {
		case q <- digit:
			return
		default:
		}
		select { // full
		case <-q:
		default:
		}
	}
}

// Drop forgets all that nobody has read.
func (q Queue) Drop() {
	for {
		select {
		case <-q:
		default:
			return
		}
	}
}
