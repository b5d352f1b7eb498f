package gateway

import "net/http"

// ForOperators lets those through to next who may use /admin, and answers all
// others as /admin does. It is for what is served beside the gateway.
func (g *Gateway) ForOperators(next http.Handler) http.Handler { return g.adminOnly(next.ServeHTTP) }
