package metrics

import (
	"strconv"

	"github.com/skygenesisenterprise/skybridge/mixer"
)

type worker = mixer.WorkerStats

var byWorker = []string{"worker"}

// workers are the metrics of one thread of the mixer.
var workers = []row[*worker]{
	gauge("voip_rtp_worker_busy_ratio", "Share of its time that the thread worked in about the last second.", byWorker,
		always(func(w *worker) float64 { return w.Busy })),
	gauge("voip_rtp_worker_legs", "Parties that the thread serves.", byWorker, always(func(w *worker) int { return w.Legs })),
	counter("voip_rtp_worker_ticks_total", "Ticks that ran.", byWorker, always(func(w *worker) uint64 { return w.Ticks })),
	counter("voip_rtp_worker_ticks_missed_total", "Ticks that were left out, as the thread woke too late.", byWorker,
		always(func(w *worker) uint64 { return w.TicksMissed })),
	counter("voip_rtp_worker_frames_skipped_total", "Frames that were not worked on for want of time.", byWorker,
		always(func(w *worker) uint64 { return w.Skipped })),
	gauge("voip_rtp_worker_lateness_p99_seconds", "All but one in a hundred ticks began less late, since the start.", byWorker,
		always(func(w *worker) float64 { return w.LatenessQuantile(0.99).Seconds() })),
	counter("voip_rtp_packets_received_total", "Media packets that came.", byWorker, always(func(w *worker) uint64 { return w.PacketsIn })),
	counter("voip_rtp_packets_sent_total", "Media packets that were sent.", byWorker, always(func(w *worker) uint64 { return w.PacketsOut })),
	counter("voip_rtp_packets_dropped_total", "Media packets that came and were of no use.", byWorker,
		always(func(w *worker) uint64 { return w.PacketsDropped })),
}

// Mixer is the threads of the mixer.
func Mixer(stats func() mixer.EngineStats) Part {
	return part[*worker]{workers, func(give func(*worker, ...string)) {
		list := stats().Workers
		for i := range list {
			give(&list[i], strconv.Itoa(i))
		}
	}}
}
