package meeting

import (
	"context"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// Forwarding is video of some that others see.
type Forwarding struct {
	// Publishers show a Film each, of which every one of Receivers sees all.
	Publishers, Receivers int
	Film                  webrtc.Film
	// Feedback has the receivers tell when each packet came (transport-cc), as browsers do; else
	// they tell what their network carries (REMB).
	Feedback bool
}

// Name is what it is called in tables.
func (f Forwarding) Name() string {
	name := fmt.Sprintf("video, %d cameras to %d", f.Publishers, f.Receivers)
	if f.Feedback {
		name += ", transport-cc"
	}
	return name
}

// Forwarded is what one run came to.
type Forwarded struct {
	meter.Spent
	// Shown is how many packets came to the server, Packets how many of them to receivers.
	Shown, Packets uint64
	// Least is the share of what was due that came to the receiver to whom least did, LeastStream
	// that of the camera of which least came to one. Restarts is how often the numbers of a stream
	// began anew.
	Least, LeastStream float64
	Restarts           uint64
	// Memory is what the meeting adds to the server's, in bytes.
	Memory int64
	// ClientLate is how late the client was, 99 of 100 times; Unsent is what it could not send.
	ClientLate time.Duration
	Unsent     uint64
}

// Packet is the processor time of a packet that came to a receiver.
func (f *Forwarded) Packet() time.Duration { return f.CPU / time.Duration(max(f.Packets, 1)) }

// Rate is how many packets came to receivers in a second.
func (f *Forwarded) Rate() float64 { return float64(f.Packets) / max(f.Time, 1).Seconds() }

// Enough is the share of packets that every receiver is to have for figures to count.
const Enough = 0.99

// Wrong is what the server did not do as it is to, so that the figures count for nothing; "" if they
// do count.
func (f *Forwarded) Wrong() string {
	switch {
	case f.Least < Enough:
		return fmt.Sprintf("a receiver had %.1f %% of the packets", 100*f.Least)
	case f.LeastStream < Enough:
		return fmt.Sprintf("a receiver had %.1f %% of a camera's packets", 100*f.LeastStream)
	case f.Restarts > 0:
		return fmt.Sprintf("the numbers of streams began anew %d times", f.Restarts)
	}
	return ""
}

// Forward starts a server, has browsers show and see in one room of it and ends it.
func (r Rooms) Forward(ctx context.Context, h peers.Hosting, f Forwarding, plan load.Plan) (result *Forwarded, err error) {
	err = r.Hold(ctx, h, func(c *Crowd) (err error) {
		result, err = c.forward(ctx, f, plan)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", h.Name(), f.Name(), err)
	}
	return result, nil
}

// share is which part of a camera's packets came, of so many that were due. What is missing is told by
// their numbers; by how many came only where that is many, as the time that counts begins and ends
// between two packets of a frame.
func share(r *measure.Reception, due float64) float64 {
	const most = 0.1 // of a short run's, at its ends
	part := float64(r.Packets) / float64(max(r.Packets+r.Lost, 1))
	if came := float64(r.Packets) / max(due, 1); came < 1-most {
		part = min(part, came)
	}
	return part
}

func (c *Crowd) forward(ctx context.Context, f Forwarding, plan load.Plan) (*Forwarded, error) {
	idle, err := meter.Of(c.PID())
	if err != nil {
		return nil, err
	}
	for range f.Publishers {
		if err := c.Come(ctx, 0, true, webrtc.Section{Kind: webrtc.Video, Direction: webrtc.SendOnly}); err != nil {
			return nil, err
		}
	}
	for range f.Receivers {
		if err := c.Come(ctx, f.Publishers, f.Feedback, webrtc.Section{Kind: webrtc.Video, Direction: webrtc.RecvOnly}); err != nil {
			return nil, err
		}
	}
	l, err := c.Take()
	if err != nil {
		return nil, err
	}
	for i := range f.Publishers {
		if err := l.Show(i, f.Film); err != nil {
			return nil, err
		}
	}
	run, spent, err := c.Run(ctx, plan)
	if err != nil {
		return nil, err
	}
	result := &Forwarded{
		Spent: *spent, Shown: run.Shown, Least: 1, LeastStream: 1, Memory: spent.RSS - idle.RSS,
		ClientLate: run.Late.Quantile(0.99), Unsent: run.Unsent,
	}
	for i := range f.Receivers {
		var came uint64
		seen := l.Seen(f.Publishers + i)
		for _, s := range seen {
			came += s.Packets
			result.Restarts += s.Restarts
			result.LeastStream = min(result.LeastStream, share(&s.Reception, float64(run.Shown)/float64(f.Publishers)))
		}
		if len(seen) < f.Publishers {
			result.LeastStream = 0
		}
		result.Packets += came
		result.Least = min(result.Least, float64(came)/float64(max(run.Shown, 1)))
	}
	return result, nil
}
