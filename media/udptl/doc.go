// Package udptl passes facsimiles between two parties as T.38 over UDPTL has them
// (ITU-T T.38 §9.1, Annex D): packets go on as they came, from party to party, so that
// what the two gateways agreed on (rate, error correction) is theirs to do.
//
// What is no UDPTL, or comes from strangers, is counted and dropped. Nothing of a
// facsimile is kept or looked into.
//
// Goroutines: two per Join, which the Close of either end stops and waits for.
package udptl
