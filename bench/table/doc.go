// Package table is how the results of a comparison are told: rows of figures, bars that
// they meet or miss, as text for a terminal and as Markdown for a page. It is pure.
package table
