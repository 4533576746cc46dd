package snmp

import (
	"math"
	"slices"
	"time"

	"github.com/gosnmp/gosnmp"
)

// Where objects stand.
const (
	system = ".1.3.6.1.2.1.1"
	// documented is where the API's documents have theirs: within net-snmp's own arc, in which
	// nobody else of this machine's answers at this port.
	documented = ".1.3.6.1.4.1.8072.1.3.2.3.2.1"
	// ours is SKYBRIDGE-MIB, in the arc that net-snmp leaves to whoever has no number of their own
	// (netSnmpPlaypen).
	ours = ".1.3.6.1.4.1.8072.9999.9999.7882"
)

// object is one that is read from the figures.
type object struct {
	name  oid
	kind  gosnmp.Asn1BER
	value func(figures map[string]float64) float64
}

// of is the sum of a metric over its labels, or one line of it.
func of(metric string) func(map[string]float64) float64 {
	return func(f map[string]float64) float64 { return f[metric] }
}

// score is a mean opinion score × 100; 0 while nobody is rated.
func score(metric, scale string) func(map[string]float64) float64 {
	return func(f map[string]float64) float64 { return 100 * f[metric+`{scale="`+scale+`"}`] }
}

// scales are those of the E-model, as the metrics name them.
var scales = []string{"narrowband", "wideband", "fullband"}

// allScores is the mean of all rated parties × 100, whatever scale each is rated on: the one number
// that the documents ask for.
func allScores(f map[string]float64) float64 {
	sum, n := 0.0, 0.0
	for _, s := range scales {
		parties := f[`voip_rated_parties{scale="`+s+`"}`]
		sum += parties * score("voip_mos", s)(f)
		n += parties
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// objects are all but those of the system, by name.
var objects = func() []object {
	var out []object
	add := func(name string, kind gosnmp.Asn1BER, value func(map[string]float64) float64) {
		out = append(out, object{mustOID(name), kind, value})
	}
	add(documented+".1.1", gosnmp.Gauge32, of("voip_calls"))
	add(documented+".2.1", gosnmp.Gauge32, of("voip_channels"))
	add(documented+".3.1", gosnmp.Gauge32, of("voip_bridges"))
	add(documented+".4.1", gosnmp.Gauge32, of("voip_endpoints_registered"))
	add(documented+".9.1", gosnmp.Gauge32, allScores)

	add(ours+".1.1.0", gosnmp.Gauge32, of(`voip_calls{state="ringing"}`))
	add(ours+".1.2.0", gosnmp.Gauge32, of(`voip_calls{state="active"}`))
	add(ours+".1.3.0", gosnmp.Counter64, of("voip_calls_processed_total"))
	add(ours+".1.4.0", gosnmp.Gauge32, of("voip_channels"))
	add(ours+".1.5.0", gosnmp.Gauge32, of("voip_bridges"))
	add(ours+".2.1.0", gosnmp.Gauge32, of("voip_endpoints"))
	add(ours+".2.2.0", gosnmp.Gauge32, of("voip_endpoints_registered"))
	add(ours+".2.3.0", gosnmp.Gauge32, of("voip_trunks"))
	add(ours+".2.4.0", gosnmp.Gauge32, of("voip_trunk_up"))
	add(ours+".3.1.0", gosnmp.Gauge32, score("voip_mos", "narrowband"))
	add(ours+".3.2.0", gosnmp.Gauge32, score("voip_mos", "wideband"))
	add(ours+".3.3.0", gosnmp.Gauge32, score("voip_mos", "fullband"))
	add(ours+".3.4.0", gosnmp.Gauge32, score("voip_mos_lowest", "narrowband"))
	add(ours+".3.5.0", gosnmp.Gauge32, score("voip_mos_lowest", "wideband"))
	add(ours+".3.6.0", gosnmp.Gauge32, score("voip_mos_lowest", "fullband"))
	add(ours+".4.1.0", gosnmp.Counter64, of("voip_rtp_packets_received_total"))
	add(ours+".4.2.0", gosnmp.Counter64, of("voip_rtp_packets_sent_total"))
	add(ours+".4.3.0", gosnmp.Counter64, of("voip_rtp_packets_dropped_total"))
	add(ours+".4.4.0", gosnmp.Counter64, of("voip_rtp_worker_frames_skipped_total"))
	add(ours+".5.1.0", gosnmp.Counter64, of("voip_http_requests_total"))
	return out
}()

// plant makes the tree of what there is at a moment.
func (a *Agent) plant(figures map[string]float64, now time.Time) tree {
	up := uint32(now.Sub(a.cfg.Started).Milliseconds() / 10 & math.MaxUint32) //nolint:gosec // it wraps, as TimeTicks do
	t := tree{
		{mustOID(system + ".1.0"), gosnmp.OctetString, a.cfg.Description},
		{mustOID(system + ".2.0"), gosnmp.ObjectIdentifier, ours},
		{mustOID(system + ".3.0"), gosnmp.TimeTicks, up},
		{mustOID(system + ".5.0"), gosnmp.OctetString, a.cfg.Name},
	}
	for _, o := range objects {
		v := math.Round(max(0, o.value(figures)))
		if o.kind == gosnmp.Counter64 {
			t = append(t, variable{o.name, o.kind, uint64(v)})
		} else {
			t = append(t, variable{o.name, o.kind, uint32(min(v, math.MaxUint32))})
		}
	}
	slices.SortFunc(t, func(x, y variable) int { return slices.Compare(x.name, y.name) })
	return t
}
