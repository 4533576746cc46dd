package uring

import (
	"encoding/binary"
	"errors"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Buffers is memory that the kernel receives into: it has some of the buffers at a
// time, and takes the next one when a packet comes. Those given back last are lent
// first, so that as little memory is used as can be.
type Buffers struct {
	size   int
	memory []byte // all buffers
	shared []byte // the ring of those that the kernel has
	ring   []bufferEntry
	word   *uint32 // of the first entry: its id, and the ring's tail
	tail   uint16
	lent   int // that the kernel has
	free   []uint16
}

// NewBuffers makes n buffers of size bytes, a group that Submissions name. The kernel
// has at most lent of them, a power of two.
func (r *Ring) NewBuffers(group uint16, n, size, lent int) (*Buffers, error) {
	b := &Buffers{size: size, free: make([]uint16, 0, n)}
	for id := range n {
		b.free = append(b.free, uint16(n-1-id))
	}
	const access = unix.PROT_READ | unix.PROT_WRITE
	const how = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	var err error
	if b.memory, err = unix.Mmap(-1, 0, n*size, access, how); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	if b.shared, err = unix.Mmap(-1, 0, lent*int(unsafe.Sizeof(bufferEntry{})), access, how|unix.MAP_POPULATE); err != nil {
		return nil, errors.Join(os.NewSyscallError("mmap", err), b.Close())
	}
	b.ring = unsafe.Slice((*bufferEntry)(unsafe.Pointer(&b.shared[0])), lent)    //nolint:gosec // a page's start
	b.word = (*uint32)(unsafe.Pointer(&b.shared[unsafe.Offsetof(b.ring[0].id)])) //nolint:gosec // 12, with the tail behind it
	arg := bufferRegistration{
		addr:    uint64(uintptr(unsafe.Pointer(&b.shared[0]))), //nolint:gosec // mapped: it does not move
		entries: uint32(lent), group: group,
	}
	if err := r.register(registerBuffers, unsafe.Pointer(&arg), 1); err != nil { //nolint:gosec // read during the call
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Lend gives the kernel as many buffers as it may have.
func (b *Buffers) Lend() {
	n := min(len(b.ring)-b.lent, len(b.free))
	if n == 0 {
		return
	}
	for range n {
		id := b.free[len(b.free)-1]
		b.free = b.free[:len(b.free)-1]
		e := &b.ring[int(b.tail)&(len(b.ring)-1)]
		e.addr, e.len, e.id = uint64(uintptr(unsafe.Pointer(&b.memory[int(id)*b.size]))), uint32(b.size), id //nolint:gosec // mapped: it does not move
		b.tail++
	}
	b.lent += n
	// There is no atomic store of 16 bits. The kernel writes neither half.
	var both [4]byte
	binary.NativeEndian.PutUint16(both[:], b.ring[0].id)
	binary.NativeEndian.PutUint16(both[2:], b.tail)
	atomic.StoreUint32(b.word, binary.NativeEndian.Uint32(both[:]))
}

// Lent is the number of buffers that the kernel has.
func (b *Buffers) Lent() int { return b.lent }

// Spare is the number of buffers that nobody has.
func (b *Buffers) Spare() int { return len(b.free) }

// Took takes note that the kernel has used a buffer, which is the caller's until Free.
func (b *Buffers) Took() { b.lent-- }

// Free gives a buffer back.
func (b *Buffers) Free(id uint16) { b.free = append(b.free, id) }

// Bytes is what is in a buffer.
func (b *Buffers) Bytes(id uint16) []byte {
	at := int(id) * b.size
	return b.memory[at : at+b.size : at+b.size]
}

// Close gives the memory back, after the ring was closed.
func (b *Buffers) Close() error {
	var err error
	for _, m := range []*[]byte{&b.memory, &b.shared} {
		if *m != nil {
			err = errors.Join(err, os.NewSyscallError("munmap", unix.Munmap(*m)))
			*m = nil
		}
	}
	return err
}
