package app

import (
	"context"
	"errors"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// Function reads what both Lambda functions are told by their environment:
// FALLOW_CONFIG is the config document beside the binary, FALLOW_TABLE the
// DynamoDB table. It calls nobody.
func Function(ctx context.Context, getenv func(string) string) (*config.Config, *dynamo.Table, error) {
	path, name := getenv("FALLOW_CONFIG"), getenv("FALLOW_TABLE")
	if path == "" || name == "" {
		return nil, nil, errors.New("FALLOW_CONFIG and FALLOW_TABLE must be set; template.yaml does it")
	}
	doc, err := config.Load(path)
	if err != nil {
		return nil, nil, err
	}
	table, err := Dynamo(ctx, name)
	return doc, table, err
}

// FunctionCheck refuses documents that must not be served behind a function URL,
// which is open to the world; see LiveConfig.Check. Both functions use it, so
// that the job never goes by a document that the gateway refuses.
func FunctionCheck(doc *config.Config) error { return config.CheckListen(doc, "0.0.0.0:443") }
