package metrics

import "github.com/skygenesisenterprise/skybridge/signaling"

// The states of calls.
const (
	StateRinging = "ringing"
	StateActive  = "active"
)

// Calls is how many calls there are in each state.
type Calls struct{ Ringing, Active int }

// All is how many there are.
func (c Calls) All() int { return c.Ringing + c.Active }

// CountCalls counts the channels that belong together as one call, be it of the dialplan or of the
// REST API. It is active once two of them are up, or the only one is.
func CountCalls(list []signaling.ChannelSnapshot) (c Calls) {
	type members struct{ up, waiting int }
	linked := make(map[signaling.ChannelID]members, len(list))
	for i := range list {
		m := linked[list[i].LinkedID]
		if list[i].State == signaling.Up {
			m.up++
		} else {
			m.waiting++
		}
		linked[list[i].LinkedID] = m
	}
	for _, m := range linked {
		if m.up > 1 || m.up == 1 && m.waiting == 0 {
			c.Active++
		} else {
			c.Ringing++
		}
	}
	return c
}

// whole is the server at one moment.
type whole struct {
	channels, bridges int
	processed         uint64
}

func callsOf(s Source) Part {
	type state struct{ calls int }
	byState := part[state]{[]row[state]{
		gauge("voip_calls", "Calls at this moment by state: of the dialplan and of the API, a conference once.", []string{"state"},
			always(func(s state) int { return s.calls })),
	}, func(give func(state, ...string)) {
		c := CountCalls(s.Channels())
		give(state{c.Ringing}, StateRinging)
		give(state{c.Active}, StateActive)
	}}
	return both{byState, single([]row[whole]{
		counter("voip_calls_processed_total", "Calls that there have been since the start.", nil, always(func(w whole) uint64 { return w.processed })),
		gauge("voip_channels", "Channels at this moment.", nil, always(func(w whole) int { return w.channels })),
		gauge("voip_bridges", "Bridges at this moment.", nil, always(func(w whole) int { return w.bridges })),
	}, func() whole {
		return whole{channels: len(s.Channels()), bridges: len(s.Bridges()), processed: s.Processed()}
	})}
}
