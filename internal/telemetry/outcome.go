package telemetry

import "log/slog"

// Outcome is how a request ended, for whoever has to act on it. The values are
// stable: metrics carry them.
type Outcome string

// The outcomes.
const (
	// Answered: the client took a complete answer.
	Answered Outcome = "answered"
	// Broken: the answer broke off after its status was out.
	Broken Outcome = "broken"
	// Abandoned: the client did not wait for its answer.
	Abandoned Outcome = "abandoned"
	// Limited: 429. No room was found in time, or no budget.
	Limited Outcome = "limited"
	// Shed: refused without a call, because the provider has no capacity.
	Shed Outcome = "shed"
	// Rejected: the client's own fault, such as an unknown model.
	Rejected Outcome = "rejected"
	// ProviderFault: the provider failed, or did not answer in time.
	ProviderFault Outcome = "provider_fault"
	// GatewayFault: ours, or one that only the operator can cure, such as a key
	// that the provider refuses.
	GatewayFault Outcome = "gateway_fault"
)

// Outcomes lists all of them.
func Outcomes() []Outcome {
	return []Outcome{Answered, Broken, Abandoned, Limited, Shed, Rejected, ProviderFault, GatewayFault}
}

// statusClientGone is what Request.Status says when the client has left.
const statusClientGone = 499

// operatorCodes are the error codes that tell of something only the operator
// can put right, whatever their status.
var operatorCodes = map[string]bool{
	"internal_error": true, "key_unreadable": true, "credentials_unreadable": true,
	"insufficient_quota": true, "upstream_auth": true, "upstream_hold": true, "upstream_encryption": true,
	"model_not_allowed": true,
}

// overloadedCode is the gateway's for a provider without capacity.
const overloadedCode = "server_is_overloaded"

// Outcome tells how the request ended, by its status and code.
func (r Request) Outcome() Outcome {
	switch {
	case r.Status == statusClientGone:
		return Abandoned
	case operatorCodes[r.Code]:
		return GatewayFault
	case r.Status < 400 && r.Code == "":
		return Answered
	case r.Status < 400:
		return Broken
	case r.Status == 429:
		return Limited
	case r.Code == overloadedCode && len(r.Attempts) == 0:
		return Shed
	case r.Status < 500:
		return Rejected
	case r.Status == 500:
		return GatewayFault
	default:
		return ProviderFault
	}
}

// levels: an error is what somebody should get up for. The client's own faults,
// and its leaving, are news to nobody but the client.
var levels = map[Outcome]slog.Level{
	Answered: slog.LevelInfo, Abandoned: slog.LevelInfo, Rejected: slog.LevelInfo,
	Broken: slog.LevelWarn, Limited: slog.LevelWarn, Shed: slog.LevelWarn, ProviderFault: slog.LevelWarn,
	GatewayFault: slog.LevelError,
}
