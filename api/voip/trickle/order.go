// Package trickle keeps candidates behind the description that they are of (RFC 8838 §11): a browser
// takes none before.
package trickle

import "sync"

// Order holds candidates back while a description is made. The zero value is ready for use.
type Order struct {
	mu      sync.Mutex // held while a candidate is told, so that they stay in order
	making  int        // descriptions
	waiting []func()
}

// Hold has candidates wait until Release. Each description that is made calls both.
func (o *Order) Hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.making++
}

// Release tells the candidates that have waited, once the last description that is made has been
// told.
func (o *Order) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.making--; o.making > 0 {
		return
	}
	for _, tell := range o.waiting {
		tell()
	}
	o.waiting = nil
}

// Tell calls tell, at once or by Release. It must not call the Order.
func (o *Order) Tell(tell func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.making > 0 {
		o.waiting = append(o.waiting, tell)
		return
	}
	tell()
}
