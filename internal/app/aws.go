package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// AWS returns the settings of the AWS SDK, read once from the environment and
// the shared files. AWS_ENDPOINT_URL and its per-service forms lead all calls
// to another host, such as an emulator. What the SDK has to say goes to
// slog.Default: its settings belong to no one part of the process.
func AWS(ctx context.Context) (aws.Config, error) {
	awsOnce.Do(func() {
		awsCfg, errAWS = awsconfig.LoadDefaultConfig(context.WithoutCancel(ctx), awsconfig.WithLogger(logging.LoggerFunc(logSDK)))
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

// logSDK is the AWS SDK's log. Left alone it would write plain lines to stderr.
func logSDK(class logging.Classification, format string, v ...any) {
	level := slog.LevelDebug
	if class == logging.Warn {
		level = slog.LevelWarn
	}
	slog.Log(context.Background(), level, "AWS SDK", "says", fmt.Sprintf(format, v...))
}

// Dynamo opens a DynamoDB table of that name. The table must exist.
func Dynamo(ctx context.Context, table string) (*dynamo.Table, error) {
	cfg, err := AWS(ctx)
	if err != nil {
		return nil, err
	}
	return dynamo.New(dynamo.Config{Client: dynamo.NewClient(cfg), Table: table}), nil
}
