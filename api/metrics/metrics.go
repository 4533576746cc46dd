// Package metrics is the one registry of how the server does. Prometheus' text, the health of the
// REST API and the console's commands read it, so that they agree; what each metric means stands in
// its description. Everything is counted elsewhere and read when somebody asks. It starts no
// goroutine.
package metrics

import (
	"fmt"
	"io"
	"strings"

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
	// Processed is how many calls there have been.
	Processed() uint64
}

// Metrics are the metrics of one server. It is safe for concurrent use.
type Metrics struct{ registry *prometheus.Registry }

// Part is what one source has to say.
type Part = prometheus.Collector

// New makes the metrics of a source, and of further parts.
func New(source Source, parts ...Part) *Metrics {
	m := &Metrics{prometheus.NewRegistry()}
	m.Add(callsOf(source), endpointsOf(source), trunksOf(source))
	m.Add(parts...)
	return m
}

// Add adds parts. That two of them have a metric of one name is a mistake of the program's.
func (m *Metrics) Add(parts ...Part) { m.registry.MustRegister(parts...) }

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

// Figures are the counters and gauges by name, summed over their labels, and each of those with labels
// as it stands in Prometheus' text (voip_calls{state="active"}).
func (m *Metrics) Figures() (map[string]float64, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	out := make(map[string]float64)
	for _, f := range families {
		for _, one := range f.GetMetric() {
			v := one.GetGauge().GetValue() + one.GetCounter().GetValue()
			out[f.GetName()] += v
			if labels := one.GetLabel(); len(labels) > 0 {
				pairs := make([]string, len(labels))
				for i, l := range labels {
					pairs[i] = l.GetName() + `="` + l.GetValue() + `"`
				}
				out[f.GetName()+"{"+strings.Join(pairs, ",")+"}"] = v
			}
		}
	}
	return out, nil
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

func (r row[T]) collect(to chan<- prometheus.Metric, of T, labels ...string) {
	if v, ok := r.value(of); ok {
		to <- prometheus.MustNewConstMetric(r.desc, r.kind, v, labels...)
	}
}

// part is a part made of rows: each has one metric of each thing that read gives, with the labels
// of that.
type part[T any] struct {
	rows []row[T]
	read func(give func(of T, labels ...string))
}

// Describe tells what there can be.
func (p part[T]) Describe(to chan<- *prometheus.Desc) {
	for _, r := range p.rows {
		to <- r.desc
	}
}

// Collect tells what there is.
func (p part[T]) Collect(to chan<- prometheus.Metric) {
	p.read(func(of T, labels ...string) {
		for _, r := range p.rows {
			r.collect(to, of, labels...)
		}
	})
}

// single is the part of one thing.
func single[T any](rows []row[T], read func() T) Part {
	return part[T]{rows, func(give func(T, ...string)) { give(read()) }}
}

// always is a value that there is in any case.
func always[T any, N int | uint64 | float64](value func(T) N) func(T) (float64, bool) {
	return func(of T) (float64, bool) { return float64(value(of)), true }
}
