package main

import "github.com/skygenesisenterprise/skybridge/internal/crew"

// crew has the goroutines of calls, and ends after the last of them.
func (s *server) crew() *crew.Crew {
	c := crew.New(s.log)
	s.defers(func() error { c.Close(); return nil })
	return c
}
