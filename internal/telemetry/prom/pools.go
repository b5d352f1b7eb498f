package prom

import (
	"github.com/prometheus/client_golang/prometheus"
)

// pools are the families of what happens in the pools.
type pools struct {
	bookings, cooldowns, store *prometheus.CounterVec
	standing                   *standing
}

func newPools(r registrar) pools {
	return pools{
		bookings:  r.counter("fallow_bookings_total"),
		cooldowns: r.counter("fallow_cooldown_changes_total"),
		store:     r.counter("fallow_store_failures_total"),
		standing:  newStanding(r),
	}
}
