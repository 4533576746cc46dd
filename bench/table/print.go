package table

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The names of servers that others are compared with.
const (
	Floor     = "floor"
	Skybridge = "skybridge"
)

// grid is lines of cells.
type grid struct {
	head []string
	rows [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// text is the grid with its columns aligned.
func (g *grid) text(w *strings.Builder) {
	width := make([]int, len(g.head))
	all := append([][]string{g.head}, g.rows...)
	for _, row := range all {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		w.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

func (g *grid) markdown(w *strings.Builder) {
	line := func(cells []string) { w.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(g.head)
	w.WriteString(strings.Repeat("|---", len(g.head)) + "|\n")
	for _, row := range g.rows {
		line(row)
	}
}

// costs are the rows.
func (r *Report) costs() *grid {
	g := &grid{head: []string{"workload", "server", "parties", "µs a party in 20 ms", "× floor", "× skybridge", "came", "gap p99", "a core carries", "KiB a party", ""}}
	for i := range r.Rows {
		row := &r.Rows[i]
		times := func(server string) string {
			if v, ok := r.ratio(row, server); ok {
				return number(v, "")
			}
			return ""
		}
		came, gap := fmt.Sprintf("%.1f %%", 100*min(1, row.Share)), fmt.Sprintf("%d ms", row.Gap.Milliseconds())
		if row.Gap == 0 {
			came, gap = "", ""
		}
		carries, memory := "", ""
		switch {
		case row.Carries > 0 && row.Found:
			carries = fmt.Sprint(row.Carries)
		case row.Carries > 0:
			carries = fmt.Sprintf("(%d)", row.Carries)
		}
		if row.Memory > 0 {
			memory = fmt.Sprintf("%.0f", float64(row.Memory)/1024)
		}
		g.add(row.Workload, row.Server, fmt.Sprint(row.Legs), Microseconds(row.CPU, row.Step),
			times(Floor), times(Skybridge), came, gap, carries, memory, row.Note)
	}
	return g
}

// times are the distributions.
func (r *Report) times() *grid {
	g := &grid{head: []string{"what", "", ""}}
	for _, d := range r.Delays {
		var values []string
		for _, q := range d.Values {
			values = append(values, fmt.Sprintf("%s %s", q.Name, number(float64(q.Value)/float64(time.Millisecond), "ms")))
		}
		g.add(d.What, strings.Join(values, ", "), d.Note)
	}
	return g
}

func (r *Report) verdicts() *grid {
	g := &grid{head: []string{"workload", "bar", ""}}
	for i := range r.Bars {
		g.add(r.Bars[i].Workload, r.Bars[i].What, r.Bars[i].Verdict())
	}
	return g
}

// Missed are the bars that are held against a figure that counts, and are not met, a line each,
// the farthest first.
func (r *Report) Missed() (lines []string) {
	bars := slices.DeleteFunc(slices.Clone(r.Bars), func(b Bar) bool { return !b.Unmet() })
	slices.SortStableFunc(bars, func(a, b Bar) int { return cmp.Compare(b.Value*a.Limit, a.Value*b.Limit) })
	for i := range bars {
		lines = append(lines, bars[i].Workload+", "+bars[i].What+": "+bars[i].Verdict())
	}
	return lines
}

// partial is said of a report that has not all parts.
const partial = "Other parts were not run."

// Text prints the report for a terminal.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s\n\n", r.Machine, r.Version, r.Date)
	if len(r.Rows) > 0 {
		r.costs().text(&b)
	}
	if len(r.Forwarded) > 0 {
		b.WriteByte('\n')
		r.forwarded().text(&b)
	}
	if len(r.Rates) > 0 {
		b.WriteByte('\n')
		r.rates().text(&b)
	}
	if len(r.Standing) > 0 {
		b.WriteByte('\n')
		r.standing().text(&b)
	}
	if len(r.Delays) > 0 {
		b.WriteByte('\n')
		r.times().text(&b)
	}
	b.WriteByte('\n')
	r.verdicts().text(&b)
	for _, line := range r.Missed() {
		b.WriteString(line + "\n")
	}
	for _, s := range r.Skipped {
		b.WriteString("skipped: " + s + "\n")
	}
	if r.Partial {
		b.WriteString(partial + "\n")
	}
	if len(r.Profiles) > 0 {
		b.WriteString("\n" + whither + "\n")
		r.places().text(&b)
		b.WriteByte('\n')
		r.functions().text(&b)
	}
	if len(r.Splits) > 0 {
		b.WriteString("\n" + strings.Join(r.Splits, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown is the report as a part of a page.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**The machine**: %s. %s, %s.\n\n", r.Machine, r.Version, r.Date)
	for _, line := range r.How {
		b.WriteString(line + "\n")
	}
	b.WriteByte('\n')
	if len(r.Rows) > 0 {
		r.costs().markdown(&b)
	}
	if len(r.Forwarded) > 0 {
		b.WriteByte('\n')
		r.forwarded().markdown(&b)
	}
	if len(r.Rates) > 0 {
		b.WriteByte('\n')
		r.rates().markdown(&b)
	}
	if len(r.Standing) > 0 {
		b.WriteByte('\n')
		r.standing().markdown(&b)
	}
	if len(r.Delays) > 0 {
		b.WriteByte('\n')
		r.times().markdown(&b)
	}
	b.WriteByte('\n')
	r.verdicts().markdown(&b)
	for _, s := range r.Skipped {
		b.WriteString("\nSkipped: " + s + "\n")
	}
	if r.Partial {
		b.WriteString("\n" + partial + "\n")
	}
	if len(r.Profiles) > 0 {
		b.WriteString("\n" + whither + "\n\n")
		r.places().markdown(&b)
		b.WriteByte('\n')
		r.functions().markdown(&b)
	}
	if len(r.Splits) > 0 {
		b.WriteString("\n```\n" + strings.Join(r.Splits, "\n") + "\n```\n")
	}
	return b.String()
}

// The lines of a page between which Insert writes.
const (
	Begin = "<!-- make bench writes from here -->"
	End   = "<!-- to here -->"
)

// ErrPage is a page without a place for the report.
var ErrPage = errors.New("table: the page has no place for the report")

// Insert puts a report into a page, in the place of the one that is there.
func Insert(page, report string) (string, error) {
	before, rest, ok := strings.Cut(page, Begin+"\n")
	_, after, also := strings.Cut(rest, End+"\n")
	if !ok || !also {
		return "", ErrPage
	}
	return before + Begin + "\n\n" + report + "\n" + End + "\n" + after, nil
}
