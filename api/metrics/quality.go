package metrics

import (
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// maxRated bounds the channels whose quality is read at a time: of more, every other, third and so on.
const maxRated = 1000

// scale is what parties of one scale of quality have had in their last second.
type scale struct {
	parties               int
	mos, lowest           float64
	packets, lost, jitter float64
}

func (s *scale) add(q *quality.Sample) {
	if s.parties == 0 || q.Score.MOS < s.lowest {
		s.lowest = q.Score.MOS
	}
	s.parties++
	s.mos += q.Score.MOS
	s.packets += float64(q.Packets)
	s.lost += float64(q.Lost) + float64(q.Late)
	s.jitter += q.Jitter.Seconds()
}

func (s *scale) mean(sum float64) float64 { return sum / float64(s.parties) }

var quantities = []row[scale]{
	gauge("voip_rated_parties", "Parties whose audio has been rated in the last second, of 1,000 at most.", byScale,
		always(func(s scale) int { return s.parties })),
	gauge("voip_mos", "Mean opinion score of how parties are received, their mean (E-model, 1 to 4.5). Scales do not compare.", byScale,
		always(func(s scale) float64 { return s.mean(s.mos) })),
	gauge("voip_mos_lowest", "Mean opinion score of the party that is received worst.", byScale,
		always(func(s scale) float64 { return s.lowest })),
	gauge("voip_rtp_loss_ratio", "Packets of the last second that were lost or came too late, by those that were sent to us.", byScale,
		func(s scale) (float64, bool) { return s.lost / (s.packets + s.lost), s.packets+s.lost > 0 }),
	gauge("voip_rtp_jitter_seconds", "Interarrival jitter of what parties send (RFC 3550), their mean.", byScale,
		always(func(s scale) float64 { return s.mean(s.jitter) })),
}

var byScale = []string{"scale"}

// Quality is how what parties send is received, by the last second of each channel's samples.
func Quality(e *signaling.Engine) Part {
	return qualityOf(func(rate func([]quality.Sample)) {
		list := e.Channels()
		for i := 0; i < len(list); i += stride(len(list)) {
			if c, err := e.Channel(string(list[i].ID)); err == nil { // else it has ended meanwhile
				rate(c.Quality())
			}
		}
	})
}

// stride is which of n channels are looked at.
func stride(n int) int { return max(1, (n+maxRated-1)/maxRated) }

func qualityOf(each func(rate func([]quality.Sample))) Part {
	return part[scale]{quantities, func(give func(scale, ...string)) {
		scales := make(map[media.Band]*scale)
		each(func(samples []quality.Sample) {
			if len(samples) == 0 || !samples[len(samples)-1].Rated {
				return
			}
			q := &samples[len(samples)-1]
			if scales[q.Score.Band] == nil {
				scales[q.Score.Band] = &scale{}
			}
			scales[q.Score.Band].add(q)
		})
		for band, s := range scales {
			give(*s, band.String())
		}
	}}
}
