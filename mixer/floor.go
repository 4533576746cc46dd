package mixer

import (
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// floor is what a worker works with on rooms.
type floor struct {
	bench

	bus     *mixminus.Bus
	playing [rates.Count][rates.MaxFrame]int16
	played  [rates.Count][]int16 // what the room's playback says in this frame; nil for nothing
	talkers []*member            // in the sum

	asideBus *mixminus.Bus // for who hears something else than all others; nil until there is one
	voices   []voice       // of this frame, in the sum or not

	candidates []*member // who may be
}

// init prepares a floor.
func (w *floor) init(index int, log *slog.Logger, events *ring.Queue[event.Event], service *reports.Service) {
	w.index, w.log, w.reports, w.batch = index, log, service, rtp.NewBatch(0, longestPacket)
	w.out.Init(events)
	w.bus = new(mixminus.Bus)
	w.reserveFrames(2 * sayFrames)
}
