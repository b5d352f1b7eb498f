package app_test

import (
	"os"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret/secrettest"
)

// ownKeyID is of the process's own AWS credentials.
const ownKeyID = "AKIDEXAMPLEOFTESTS01"

// manager is the Secrets Manager of these tests. The AWS SDK's settings belong
// to the process, so they are made before any test.
var manager *secrettest.Server

func TestMain(m *testing.M) {
	manager = secrettest.New()
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": ownKeyID, "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.URL,
		"AWS_ENDPOINT_URL_DYNAMODB":        "http://127.0.0.1:1", // nobody listens there
		"AWS_CONFIG_FILE":                  "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
	} {
		_ = os.Setenv(name, value)
	}
	code := m.Run()
	manager.Close()
	os.Exit(code)
}
