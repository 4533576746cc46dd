// Package metrics says how the server does in the words of Prometheus: what each metric
// means stands in its description. Everything is counted elsewhere and read when somebody
// asks. It starts no goroutine.
package metrics

import (
	"fmt"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

// ContentType is that of what Write gives: version 0.0.4 of the text format.
const ContentType = string(expfmt.FmtText)

// Source is what is read; *signaling.Engine is one.
type Source interface {
	Channels() []signaling.ChannelSnapshot
	Bridges() []signaling.BridgeSnapshot
	Endpoints() []signaling.EndpointSnapshot
}

// Metrics are the metrics of one server. It is safe for concurrent use.
type Metrics struct{ registry *prometheus.Registry }

// New makes the metrics of a source.
func New(source Source) *Metrics {
	m := &Metrics{prometheus.NewRegistry()}
	m.registry.MustRegister(collector{source})
	return m
}

// Write writes all metrics in Prometheus' text format.
func (m *Metrics) Write(w io.Writer) error {
	families, err := m.registry.Gather()
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}

// row is a metric: its kind and value for what it is measured of.
type row[T any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	// value gives none where there is nothing to say.
	value func(T) (v float64, ok bool)
}

func gauge[T any](name, help string, labels []string, value func(T) (float64, bool)) row[T] {
	return row[T]{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue, value}
}

func counter[T any](name, help string, labels []string, value func(T) (float64, bool)) row[T] {
	return row[T]{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue, value}
}

// server are the metrics of the whole.
var server = []row[Source]{
	gauge("voip_channels", "Channels at this moment.", nil, func(s Source) (float64, bool) { return float64(len(s.Channels())), true }),
	gauge("voip_bridges", "Bridges at this moment.", nil, func(s Source) (float64, bool) { return float64(len(s.Bridges())), true }),
}

// collector reads a source.
type collector struct{ source Source }

var _ prometheus.Collector = collector{}

// Describe tells what there can be.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, r := range server {
		to <- r.desc
	}
	for _, r := range trunks {
		to <- r.desc
	}
}

// Collect tells what there is.
func (c collector) Collect(to chan<- prometheus.Metric) {
	for _, r := range server {
		r.collect(to, c.source)
	}
	for _, e := range c.source.Endpoints() {
		if !e.Trunk {
			continue
		}
		for _, r := range trunks {
			r.collect(to, e, e.Name)
		}
	}
}

func (r row[T]) collect(to chan<- prometheus.Metric, of T, labels ...string) {
	if v, ok := r.value(of); ok {
		to <- prometheus.MustNewConstMetric(r.desc, r.kind, v, labels...)
	}
}
