package cost

import "math"

// Published is what another deployment costs a month by the table of those who
// offer it.
type Published struct {
	Name   string  `json:"name"`
	USD    float64 `json:"usd"`
	Source string  `json:"source"`
	// BreakEven is how many requests a month cost as much on Lambda, with all
	// that is on Lambda's bill.
	BreakEven float64 `json:"break_even_requests"`
}

// guidance is the gateway that AWS itself publishes. Its table is for two tasks of
// 4 GB on arm64, a NAT gateway, a load balancer, a database and Redis of two nodes
// each, a WAF and more, in us-east-1, and tells no number of requests: they cost
// that whether anybody calls or not. A WAF, a database and a page for
// administrators are not on Lambda's bill, so the two are no like for like.
var guidance = Published{
	Name: "LiteLLM on ECS, by AWS's guidance", USD: 378.10,
	Source: "github.com/aws-solutions-library-samples/guidance-for-multi-provider-generative-ai-gateway-on-aws, README, " +
		"Sample Cost tables (table of 10 Apr 2025, unchanged at commit 4efa5e0 of 15 Jul 2026)",
}

// beside compares a load with what somebody published.
func beside(p Published, l Load) Published {
	bill := func(requests float64) float64 {
		l.Requests = requests
		return total(lambdaItems(l)) + jobItem().USD + total(sharedItems(l))
	}
	fixed := bill(0)
	p.BreakEven = max(0, math.Floor((p.USD-fixed)/(bill(1)-fixed)))
	return p
}
