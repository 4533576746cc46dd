package metrics

import "github.com/skygenesisenterprise/skybridge/internal/store"

// Store is what is written to the database.
func Store(stats func() store.Stats) Part {
	return single([]row[store.Stats]{
		counter("voip_store_writes_total", "Writes that the database has acknowledged.", nil, always(func(s store.Stats) uint64 { return s.Writes })),
		counter("voip_store_commits_total", "Transactions that were committed for them.", nil, always(func(s store.Stats) uint64 { return s.Commits })),
		counter("voip_store_failures_total", "Transactions that could not be committed.", nil, always(func(s store.Stats) uint64 { return s.Failed })),
	}, stats)
}
