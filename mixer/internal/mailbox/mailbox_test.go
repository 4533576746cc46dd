package mailbox

import (
	"sync"
	"testing"
)

// worker is the least that owns boxes.
type worker struct {
	index int
	inbox Inbox[worker]
}

func (w *worker) mail() *Inbox[worker] { return &w.inbox }

// Whoever posts, commands of one goroutine run in order and all of them run,
// wherever the box moves meanwhile.
func TestOrder(t *testing.T) {
	workers := []*worker{{index: 0}, {index: 1}}
	var b Box[worker]
	b.Init(workers[0], (*worker).mail, func(_ *worker, recovered any) { t.Errorf("panicked: %v", recovered) })
	const posters, each = 4, 2000
	next := make([]int, posters)
	ran := 0
	var wg sync.WaitGroup
	for g := range posters {
		wg.Add(1)
		go func() { // ends after its posts, awaited below
			defer wg.Done()
			for i := range each {
				moved := false
				b.Post(func(w *worker) *worker {
					if i%7 == 0 && !moved { // move to the other worker first
						moved = true
						return workers[1-w.index]
					}
					if next[g] != i {
						t.Errorf("poster %d: command %d after %d", g, i, next[g]-1)
					}
					next[g]++
					ran++
					return nil
				})
			}
		}()
	}
	for ran < posters*each {
		for _, w := range workers {
			w.inbox.Serve(w)
		}
	}
	wg.Wait()
}

// A command that panics is told of and left out; the others run, and so do those
// of other boxes.
func TestPanic(t *testing.T) {
	w := &worker{}
	var failures []any
	boxes := make([]Box[worker], 2)
	ran := 0
	for i := range boxes {
		boxes[i].Init(w, (*worker).mail, func(_ *worker, recovered any) { failures = append(failures, recovered) })
		for k := range 3 {
			boxes[i].Post(func(*worker) *worker {
				if i == 0 && k < 2 {
					panic(k)
				}
				ran++
				return nil
			})
		}
	}
	w.inbox.Serve(w)
	if len(failures) != 2 || failures[0] != 0 || failures[1] != 1 {
		t.Errorf("failures: %v", failures)
	}
	if ran != 4 {
		t.Errorf("%d commands ran", ran)
	}
}
