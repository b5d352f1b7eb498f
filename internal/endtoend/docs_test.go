package endtoend

import (
	"os"
	"strings"
	"testing"
)

// TestDocsShowWhatIsTested: the configurations that people copy from
// docs/clients.md are those that the clients run with.
func TestDocsShowWhatIsTested(t *testing.T) {
	t.Parallel()
	docs := read(t, "../../docs/clients.md")
	for _, file := range []string{"codex.toml", "opencode.json"} {
		if !strings.Contains(docs, "\n"+read(t, "clients/cli/"+file)+"```") {
			t.Errorf("docs/clients.md does not show clients/cli/%s as it is", file)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
