package app_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fallow-dev/fallow/internal/app"
)

// TestTrust runs itself in a process of its own, since a process reads its
// certificates once.
func TestTrust(t *testing.T) {
	const child = "TRUST_TEST_CHILD"
	if os.Getenv(child) != "" {
		app.Trust()
		if err := os.Remove(os.Getenv("SSL_CERT_FILE")); err != nil {
			t.Fatal(err)
		}
		if pool, err := x509.SystemCertPool(); err != nil || pool.Equal(x509.NewCertPool()) {
			t.Fatalf("no certificate is known once the file is gone, %v: it was not read before", err)
		}
		return
	}
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestTrust$")
	cmd.Env = append(os.Environ(), child+"=1", "SSL_CERT_FILE="+file, "SSL_CERT_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
