package table

import (
	"fmt"
	"math"
	"time"
)

// Row is one server's figures in one workload.
type Row struct {
	Workload, Server string
	Legs             int
	// CPU is the processor time of a leg in 20 ms: the median of Runs runs, known to Step.
	CPU, Step time.Duration
	Runs      int
	// Share is how much of what was due came, Gap the time between packets that 99 of 100
	// keep.
	Share float64
	Gap   time.Duration
	// Carries is how many legs a core has room for: measured if Found, else reckoned from
	// CPU; 0 when unknown.
	Carries int
	Found   bool
	// Memory is bytes a leg; 0 when unknown.
	Memory int64
	// Note says what is to be known of the row; may be "".
	Note string
}

// Delay is a distribution of times that were measured.
type Delay struct {
	What string
	// Quantiles by what they are called, in the order of Report.
	Values []Quantile
	Note   string
}

// Quantile is one point of a distribution.
type Quantile struct {
	Name  string // "p99"
	Value time.Duration
}

// Bar is a limit that a figure is held against.
type Bar struct {
	// Part is the part of the comparison that it belongs to ("room").
	Part, Workload string

	What  string // "≤ 2.0 × the floor"
	Value float64
	Limit float64
	Unit  string
	// Least is the least value that the machine allows, by LeastOf ("the floor alone is"); 0 when
	// unknown.
	Least   float64
	LeastOf string
	// Where says where most of it goes; "" when unknown.
	Where string
	// Missing says why there is no value; "" if there is one.
	Missing string
	// Invalid says why the value says nothing; "" if it does.
	Invalid string
}

// Met tells whether there is a value that counts, and it is within the limit.
func (b *Bar) Met() bool { return b.Missing == "" && b.Invalid == "" && b.Value <= b.Limit }

// Unmet tells whether there is a value that counts, and it is beyond the limit.
func (b *Bar) Unmet() bool { return b.Missing == "" && b.Invalid == "" && b.Value > b.Limit }

// Verdict says whether a bar is met, or by how much not.
func (b *Bar) Verdict() string {
	switch {
	case b.Missing != "":
		return "not measured: " + b.Missing
	case b.Invalid != "":
		return fmt.Sprintf("not valid: %s, but %s", number(b.Value, b.Unit), b.Invalid)
	case b.Met():
		return fmt.Sprintf("met: %s", number(b.Value, b.Unit))
	case b.Limit <= 0:
		return fmt.Sprintf("not met: %s", number(b.Value, b.Unit))
	}
	text := fmt.Sprintf("not met: %s, %.0f %% above", number(b.Value, b.Unit), 100*(b.Value/b.Limit-1))
	if b.Least > b.Limit {
		text += fmt.Sprintf("; %s %s of it", b.LeastOf, number(b.Least, ""))
	}
	if b.Where != "" {
		text += "; " + b.Where
	}
	return text
}

// significant is how many decimals show three figures of a number.
func significant(v float64) int {
	if v == 0 {
		return 2
	}
	return min(4, max(0, 2-int(math.Floor(math.Log10(math.Abs(v))))))
}

// Microseconds prints three significant figures of a time in µs, or fewer where it is not
// known to so many.
func Microseconds(t, step time.Duration) string {
	us, known := float64(t)/float64(time.Microsecond), float64(step)/float64(time.Microsecond)
	digits := significant(us)
	for digits > 0 && math.Pow10(-digits) < known/2 {
		digits--
	}
	return fmt.Sprintf("%.*f", digits, us)
}

// number prints three significant figures.
func number(v float64, unit string) string {
	text := fmt.Sprintf("%.*f", significant(v), v)
	if unit != "" {
		text += " " + unit
	}
	return text
}

// Report is all that a comparison came to.
type Report struct {
	// Machine, Date and Version say where, when and of what.
	Machine, Date, Version string
	// How says what was run.
	How []string
	// Rows are in the order of their workloads.
	Rows   []Row
	Delays []Delay
	// Forwarded are of video; there may be none.
	Forwarded []Forwarded
	// Rates are of signalling; there may be none.
	Rates []Rate
	// Standing is what stays of each; there may be none.
	Standing []Standing
	Bars     []Bar
	// Skipped says what could not be had, and why.
	Skipped []string
	// Partial tells that there are parts that were not asked for.
	Partial bool
	// Profiles say where Skybridge's processor time goes, Splits what its memory is for, in
	// lines of text.
	Profiles []Profile
	Splits   []string
}

// ratio is a row's cost as a multiple of another server's in the same workload.
func (r *Report) ratio(row *Row, server string) (float64, bool) {
	for i := range r.Rows {
		other := &r.Rows[i]
		if other.Workload == row.Workload && other.Server == server && other.CPU > 0 && row.CPU > 0 {
			return float64(row.CPU) / float64(other.CPU), true
		}
	}
	return 0, false
}
