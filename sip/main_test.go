package sip_test

import (
	"log/slog"
	"testing"

	other "github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	other.SetDefaultLogger(slog.New(slog.DiscardHandler)) // of the peer in interop_test.go
	goleak.VerifyTestMain(m)
}
