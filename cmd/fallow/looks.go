package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/fallow-dev/fallow/internal/secret"
)

// looks remembers the state of secrets: those of a pool share one.
type looks struct {
	ctx   context.Context
	open  func(context.Context) (secret.EditAPI, error)
	known map[string]look
}

type look struct {
	version secret.Version
	err     error
}

func (l *looks) at(id string) look {
	if known, ok := l.known[id]; ok {
		return known
	}
	var now look
	var api secret.EditAPI
	if api, now.err = l.open(l.ctx); now.err == nil {
		now.version, now.err = secret.NewEditor(api).Look(l.ctx, id)
	}
	l.known[id] = now
	return now
}

// fields are the slots that a secret has.
func (l *looks) fields(id string) ([]slot, error) {
	now := l.at(id)
	if now.err != nil {
		return nil, now.err
	}
	var slots []slot
	for _, name := range slices.Sorted(maps.Keys(now.version.Fields)) {
		if secret.LooksLikeSecret(name) {
			continue // a credential on the wrong side of a colon
		}
		slots = append(slots, slot{name, secret.Ref{Scheme: secret.SchemeSecretsManager, ID: id, Field: name}})
	}
	if now.version.Fields == nil {
		slots = append(slots, slot{id, secret.Ref{Scheme: secret.SchemeSecretsManager, ID: id}})
	}
	return slots, nil
}

// line says how a slot stands.
func (l *looks) line(s slot, environ []string) keyLine {
	out := keyLine{Name: s.Name, Ref: s.Ref.String()}
	if s.Ref.Scheme != secret.SchemeSecretsManager {
		out.State = elsewhere(l.ctx, s.Ref, environ)
		return out
	}
	now := l.at(s.Ref.ID)
	if now.err != nil {
		if errors.Is(now.err, secret.ErrGone) {
			out.State = "no such secret"
		} else {
			out.State, out.Why = "unreadable", fmt.Sprintf("secret %s: %v", s.Ref.ID, now.err)
		}
		return out
	}
	out.State = stateOf(now.version, s.Ref.Field)
	out.Version = now.version.ID
	if !now.version.Created.IsZero() {
		at := now.version.Created.UTC()
		out.Changed = &at
	}
	return out
}

func stateOf(v secret.Version, field string) string {
	set, ok := v.Fields[field]
	if field == "" {
		set, ok = v.Set, true
	}
	switch {
	case !ok:
		return "no such field"
	case !set:
		return "empty"
	}
	return "set"
}

// elsewhere looks at a credential in the environment or in a file. What a role
// may do is for the doctor to find out.
func elsewhere(ctx context.Context, ref secret.Ref, environ []string) string {
	if ref.Scheme == secret.SchemeAWS {
		return "role"
	}
	source := secret.Env(environ)
	if ref.Scheme == secret.SchemeFile {
		source = secret.Files(slog.New(slog.DiscardHandler))
	}
	switch text, err := source.Read(ctx, ref.ID); {
	case errors.Is(err, secret.ErrGone):
		return "missing"
	case err != nil:
		return "unreadable"
	case text == "":
		return "empty"
	}
	return "set"
}
