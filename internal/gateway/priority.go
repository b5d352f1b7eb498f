package gateway

import (
	"fmt"

	"github.com/fallow-dev/fallow/internal/config"
)

// HeaderPriority is the request header by which a client says whether somebody
// waits for the answer: "interactive", or "batch" for what may start later.
const HeaderPriority = "X-Fallow-Priority"

// readPriority checks what the request says of itself.
func (x *exchange) readPriority() error {
	switch x.priority = x.r.Header.Get(HeaderPriority); x.priority {
	case "", config.PriorityInteractive, config.PriorityBatch:
		return nil
	}
	return badHeader("invalid_priority", fmt.Sprintf("%s is either %s or %s.", HeaderPriority, config.PriorityInteractive, config.PriorityBatch))
}

// isBatch weighs who has a say in a request's priority. A client that the
// operator has made a batch client stays one, whatever it says: else everybody
// would be interactive. Else the request knows best, then its route.
func (x *exchange) isBatch(route config.Route) bool {
	switch {
	case x.client.batch:
		return true
	case x.priority != "":
		return x.priority == config.PriorityBatch
	}
	return route.Priority == config.PriorityBatch
}
