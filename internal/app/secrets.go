package app

import (
	"context"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
)

// Secrets makes the cache of credentials, with a source for every scheme that a
// document can refer to. environ is as os.Environ.
func Secrets(environ []string, log *slog.Logger) *secret.Cache {
	return secret.NewCache(secret.Config{
		Sources: map[string]secret.Source{
			secret.SchemeEnv:            secret.Env(environ),
			secret.SchemeFile:           secret.Files(log),
			secret.SchemeSecretsManager: &lazyManager{},
			secret.SchemeAWS:            secret.Role(sigv4.Role),
		},
		Log: log,
	})
}

// lazyManager makes the Secrets Manager client when the first reference needs
// one: its set-up costs a cold start milliseconds and a laptop has no AWS.
type lazyManager struct {
	mu     sync.Mutex // guards source
	source secret.Source
}

var _ secret.Source = (*lazyManager)(nil)

// Read implements secret.Source.
func (l *lazyManager) Read(ctx context.Context, id string) (string, error) {
	source, err := l.open(ctx)
	if err != nil {
		return "", err
	}
	return source.Read(ctx, id)
}

func (l *lazyManager) open(ctx context.Context) (secret.Source, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.source != nil {
		return l.source, nil
	}
	cfg, err := AWS(ctx)
	if err != nil {
		return nil, err
	}
	l.source = secret.SecretsManager(secretsmanager.NewFromConfig(cfg))
	return l.source, nil
}
