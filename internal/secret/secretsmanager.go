package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// SecretsManagerAPI is the one call needed of *secretsmanager.Client.
type SecretsManagerAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput,
		...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

var _ SecretsManagerAPI = (*secretsmanager.Client)(nil)

// SecretsManager returns a source of AWS Secrets Manager's current versions.
func SecretsManager(api SecretsManagerAPI) Source { return manager{api} }

type manager struct{ api SecretsManagerAPI }

var _ Source = manager{}

func (m manager) Read(ctx context.Context, id string) (string, error) {
	out, err := m.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if gone(err) {
		return "", fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return "", err
	}
	if out.SecretString == nil {
		return "", errors.New("the secret is binary: store it as text")
	}
	return *out.SecretString, nil
}

// gone recognises a secret that does not exist or is scheduled for deletion,
// which Secrets Manager tells as an invalid request (API, GetSecretValue).
func gone(err error) bool {
	var notFound *types.ResourceNotFoundException
	var invalid *types.InvalidRequestException
	return errors.As(err, &notFound) ||
		errors.As(err, &invalid) && strings.Contains(invalid.ErrorMessage(), "deletion")
}
