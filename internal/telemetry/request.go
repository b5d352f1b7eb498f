// Package telemetry describes what happened, once, in plain structs; the ways
// to publish it read from those.
package telemetry

import (
	"context"
	"log/slog"
	"time"

	"github.com/fallow-dev/fallow/internal/prices"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Request is what happened to one client request. It holds no prompt, no
// answer and no secret.
type Request struct {
	ID     string
	Client string
	Model  string // as the client named it
	// API is how the client asked, as "messages" or "embeddings"; empty means
	// Chat Completions.
	API    string
	Stream bool
	// Batch says that the request could wait for those that people wait for.
	Batch bool
	// Status is the HTTP status; 499 when the client left before it had its
	// answer, whatever had been sent by then.
	Status int
	// Code is the error code the client got; empty for a success. With status
	// 200 it tells how a stream broke off.
	Code string
	// Target is "pool/model" and Key the key's name; empty when no provider
	// was reached; they are the last one's. Group is the key's quota group.
	Target, Key, Group string
	Attempts           []Attempt
	// Waited is the time spent waiting for room, FirstToken the time from
	// arrival to the first byte of content, Total until the end.
	Waited, FirstToken, Total time.Duration
	Usage                     upstream.Usage
	// Cost is what the answer cost at list prices; 0 when nobody knows.
	Cost prices.Microdollars
}

// Attempt is one call to a provider.
type Attempt struct {
	Target, Key string
	// Class is why it failed; empty for the one that answered.
	Class upstream.Class
	// Took is the time to the refusal, the first content of a stream, or the
	// whole of any other answer.
	Took time.Duration
}

// ClientGone is the Class of an attempt that nobody's fault ended: the client
// did not wait for it.
const ClientGone upstream.Class = "client_gone"

// Log writes requests as structured log lines: successes at info, the client's
// faults and its leaving too, everything else as a warning.
func Log(log *slog.Logger) func(context.Context, Request) {
	return func(ctx context.Context, r Request) {
		level := slog.LevelInfo
		if r.Status == 429 || r.Status >= 500 || (r.Code != "" && r.Status == 200) {
			level = slog.LevelWarn
		}
		log.LogAttrs(ctx, level, "request", r.attrs()...)
	}
}

func (r Request) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", r.ID), slog.String("client", r.Client), slog.String("model", r.Model),
		slog.Bool("stream", r.Stream), slog.Int("status", r.Status),
		slog.String("target", r.Target), slog.String("key", r.Key), slog.String("group", r.Group),
		slog.Int("attempts", len(r.Attempts)), slog.Int64("wait_ms", r.Waited.Milliseconds()),
		slog.Int64("first_token_ms", r.FirstToken.Milliseconds()), slog.Int64("total_ms", r.Total.Milliseconds()),
		slog.Int64("input_tokens", r.Usage.InputTokens), slog.Int64("output_tokens", r.Usage.OutputTokens),
		slog.Int64("cache_read_tokens", r.Usage.CacheReadTokens), slog.Int64("cache_write_tokens", r.Usage.CacheWriteTokens),
		slog.Bool("usage_exact", r.Usage.Exact),
	}
	if r.API != "" {
		attrs = append(attrs, slog.String("api", r.API))
	}
	if r.Batch {
		attrs = append(attrs, slog.Bool("batch", true))
	}
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", r.Code))
	}
	if bad := failed(r.Attempts); bad != nil {
		attrs = append(attrs, slog.Any("failed_attempts", bad))
	}
	return attrs
}

// failed lists the attempts that did not answer, as "pool/model key class".
func failed(attempts []Attempt) []string {
	var out []string
	for _, a := range attempts {
		if a.Class != "" {
			out = append(out, a.Target+" "+a.Key+" "+string(a.Class))
		}
	}
	return out
}
