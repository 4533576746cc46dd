package metrics

import "github.com/skygenesisenterprise/skybridge/api/limit"

// policy is one limit of the REST API.
type policy struct {
	refused uint64
	counted int
}

// Limits are the rate limits of the REST API.
func Limits(l *limit.Limiter) Part {
	by := []string{"policy"}
	return part[policy]{[]row[policy]{
		counter("voip_rate_limited_total", "Requests of the REST API that a rate limit has refused.", by, always(func(p policy) uint64 { return p.refused })),
		gauge("voip_rate_limit_buckets", "Users, keys and addresses that are counted at this moment.", by, always(func(p policy) int { return p.counted })),
	}, func(give func(policy, ...string)) {
		for _, p := range limit.Policies() {
			give(policy{l.Refused(p), l.Counted(p)}, string(p))
		}
	}}
}
