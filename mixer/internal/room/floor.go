package room

import (
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// Floor is what a worker works with on rooms.
type Floor struct {
	leg.Bench

	bus     *mixminus.Bus
	playing [rates.Count][rates.MaxFrame]int16
	played  [rates.Count][]int16 // what the room's playback says in this frame; nil for nothing
	talkers []*Member            // in the sum

	asideBus *mixminus.Bus // for who hears something else than all others; nil until there is one
	voices   []voice       // of this frame, in the sum or not

	candidates []*Member // who may be
}

// Init prepares a floor.
func (w *Floor) Init(index int, log *slog.Logger, events *ring.Queue[event.Event], service *reports.Service, bell *doorbell.Bell) {
	w.Index, w.Log, w.Reports, w.Bell, w.Batch = index, log, service, bell, rtp.NewBatch(0, leg.LongestPacket)
	w.Out.Init(events)
	w.bus = new(mixminus.Bus)
	w.ReserveFrames(2 * leg.SayFrames)
}
