// Package monitoring is what those who look after the server are shown: how the parties of
// calls are received.
//
// It starts no goroutine.
package monitoring

import (
	"context"
	"math"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// QualityBody is how the parties of a call are received.
type QualityBody struct {
	CallID       string                   `json:"call_id"`
	Participants []ParticipantQualityBody `json:"participants" nullable:"false"`
}

// ParticipantQualityBody is how what a party sends comes in.
type ParticipantQualityBody struct {
	ID        string  `json:"id"`
	Endpoint  string  `json:"endpoint"`
	ChannelID *string `json:"channel_id"`
	Codec     *string `json:"codec"`
	Secure    bool    `json:"secure" doc:"Whether the media is encrypted"`
	// What came that cannot be the party's is none of its packets.
	NotAuthentic uint64              `json:"not_authentic" doc:"Packets since the call began that were not protected with the party's key, or not intact (SRTP)"`
	Replayed     uint64              `json:"replayed" doc:"Packets since the call began that came again, or too late to tell (SRTP)"`
	Samples      []QualitySampleBody `json:"samples" nullable:"false" doc:"The last minute, one a second, oldest first"`
}

// QualitySampleBody is one second of what a party sent.
type QualitySampleBody struct {
	At             time.Time `json:"at"`
	Packets        uint32    `json:"packets" doc:"Came in this second, the late ones too"`
	Lost           uint32    `json:"lost" doc:"Packets that never came"`
	Late           uint32    `json:"late" doc:"Packets that came after their place was played"`
	Concealed      uint32    `json:"concealed" doc:"Frames of 20 ms that were made up"`
	LossPercent    float64   `json:"loss_percent" doc:"Of lost and late ones"`
	JitterMS       float64   `json:"jitter_ms" doc:"Interarrival jitter of RFC 3550"`
	DelayMS        float64   `json:"delay_ms" doc:"Audio that waits in the jitter buffer"`
	Level          int       `json:"level" doc:"Of what was said last, in -dBov: 0 is loudest, 127 silence; known in rooms"`
	BurstRatio     float64   `json:"burst_ratio" doc:"How long losses of about the last half minute were in a row, by how long they would be at random; 1 is at random"`
	RoundTripMS    *float64  `json:"round_trip_ms" doc:"There and back, by RTCP; null while it is not known"`
	RemoteLoss     *float64  `json:"remote_loss_percent" doc:"Of what the party is sent, by its last report (RTCP); null before the first"`
	RemoteJitterMS *float64  `json:"remote_jitter_ms" doc:"Of what the party is sent, as it reports"`
	Scale          *string   `json:"scale" doc:"Whose r_factor and mos these are: narrowband (ITU-T G.107), wideband (G.107.1) or fullband (G.107.2); null with them where nothing came or the codec is unknown. Different scales do not compare"`
	RFactor        *float64  `json:"r_factor" doc:"Up to 93.2 narrowband, 129 wideband, 148 fullband"`
	MOS            *float64  `json:"mos" doc:"Estimated mean opinion score, 1 to 4.5"`
}

// countersPatience is how long one channel may keep the others' figures waiting.
const countersPatience = 200 * time.Millisecond

// Party is a party of a call that has a channel.
type Party struct {
	ID, Endpoint string
	Channel      *signaling.Channel
}

// QualityOf is how the parties of a call are received.
func QualityOf(ctx context.Context, call string, parties []Party) QualityBody {
	b := QualityBody{CallID: call, Participants: []ParticipantQualityBody{}}
	ctx, cancel := context.WithTimeout(ctx, countersPatience)
	defer cancel()
	for _, pt := range parties {
		s := pt.Channel.Snapshot()
		p := ParticipantQualityBody{
			ID: pt.ID, Endpoint: pt.Endpoint, ChannelID: rest.OptionalText(string(s.ID)), Codec: rest.OptionalText(s.Codec), Secure: s.Secure,
			Samples: sampleBodies(pt.Channel.Quality()),
		}
		if audio, err := pt.Channel.Audio(ctx); err == nil { // else it has ended meanwhile
			p.NotAuthentic, p.Replayed = audio.AuthFailed, audio.Replayed
		}
		b.Participants = append(b.Participants, p)
	}
	return b
}

// sampleBodies are samples as clients see them.
func sampleBodies(samples []quality.Sample) []QualitySampleBody {
	out := make([]QualitySampleBody, len(samples))
	for i := range samples {
		s := &samples[i]
		out[i] = QualitySampleBody{
			At: s.At, Packets: s.Packets, Lost: s.Lost, Late: s.Late, Concealed: s.Concealed,
			LossPercent: hundredths(100 * s.Loss()), JitterMS: millis(s.Jitter), DelayMS: millis(s.Delay), Level: int(s.Level),
			BurstRatio: hundredths(s.BurstRatio),
		}
		if s.Remote.RoundTrip > 0 {
			trip := millis(s.Remote.RoundTrip)
			out[i].RoundTripMS = &trip
		}
		if s.Remote.Reported {
			loss, jitter := hundredths(100*s.Remote.Loss), millis(s.Remote.Jitter)
			out[i].RemoteLoss, out[i].RemoteJitterMS = &loss, &jitter
		}
		if s.Rated {
			scale, r, mos := s.Score.Band.String(), hundredths(s.Score.R), hundredths(s.Score.MOS)
			out[i].Scale, out[i].RFactor, out[i].MOS = &scale, &r, &mos
		}
	}
	return out
}

func millis(d time.Duration) float64 { return hundredths(d.Seconds() * 1000) }

// hundredths is all the precision that such figures have.
func hundredths(v float64) float64 { return math.Round(v*100) / 100 }
