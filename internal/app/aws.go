package app

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// AWS returns the settings of the AWS SDK, read once from the environment and
// the shared files. AWS_ENDPOINT_URL and its per-service forms lead all calls
// to another host, such as an emulator.
func AWS(ctx context.Context) (aws.Config, error) {
	awsOnce.Do(func() {
		awsCfg, errAWS = awsconfig.LoadDefaultConfig(context.WithoutCancel(ctx))
		if errAWS != nil {
			errAWS = fmt.Errorf("AWS settings: %w", errAWS)
		}
	})
	return awsCfg, errAWS
}

// The SDK's settings belong to the process, as the environment does.
var (
	awsOnce sync.Once
	awsCfg  aws.Config
	errAWS  error
)

// Dynamo opens a DynamoDB table of that name. The table must exist.
func Dynamo(ctx context.Context, table string) (*dynamo.Table, error) {
	cfg, err := AWS(ctx)
	if err != nil {
		return nil, err
	}
	return dynamo.New(dynamo.Config{Client: dynamo.NewClient(cfg), Table: table}), nil
}
