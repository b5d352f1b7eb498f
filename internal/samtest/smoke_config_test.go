//go:build stack

package samtest

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fallow-dev/fallow/internal/simprovider"
)

// writesPoolsOnly: the emulator heeds no condition of a policy, so what both
// functions have written by now is held against it here.
func writesPoolsOnly(t *testing.T, f facts) {
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(f.Outputs["StateTableName"])})
	if err != nil || len(out.Items) < 4 {
		t.Fatalf("%d records (%v), want at least one for each of the four keys", len(out.Items), err)
	}
	for _, item := range out.Items {
		if p, _ := item["p"].(*types.AttributeValueMemberS); p == nil || !strings.HasPrefix(p.Value, "pool#") {
			t.Errorf("a function has written %v, which its role may not", item)
		}
	}
}

// examined runs the doctor as the README says, on the stack as deployed.
func examined(t *testing.T, f facts, sim *simprovider.Server) {
	code, out := fallow(t, nil, "doctor", "--config", document(t, sim), "--table", f.Outputs["StateTableName"])
	if code != 0 || !strings.Contains(out, " 0 failures") {
		t.Errorf("exit code %d, want 0 and no failures:\n%s", code, out)
	}
	if strings.Contains(out, "planted") {
		t.Error("the report shows a key")
	}
}

// follows changes the config in the table and goes back: instances that start
// have what is in force then. That running ones follow within 30 seconds is
// tested where the clock can be moved (internal/app).
func follows(t *testing.T, f facts, sim *simprovider.Server) {
	const all = `  "*": {targets: [{pool: claude}]}` + "\n"
	source := []string{"admin:\n", "admin:\n  config: {source: table}\n"}
	first, second := document(t, sim, source...), document(t, sim, append(source, all, "")...)
	table := []string{"--table", f.Outputs["StateTableName"], "--author", "smoke"}
	run := func(want int, says string, args ...string) string {
		t.Helper()
		code, out := fallow(t, nil, append(append([]string{"config"}, args...), table[:2]...)...)
		if code != want || !strings.Contains(out, says) {
			t.Fatalf("fallow config %v: exit code %d, want %d and %q:\n%s", args, code, want, says, out)
		}
		return out
	}
	served := func(when string, want int) {
		t.Helper()
		url := bed(t, f.Gateway, "gateway", first, io.Discard).URL()
		if status, body := callFor(t, "POST", url+"/v1/chat/completions", secretField(t, "fallow/clients", "review_bot"), "claude-opus-5"); status != want {
			t.Errorf("%s: %d, want %d: %s", when, status, want, body)
		}
	}
	served("before there is a revision", 200)
	run(0, "revision 1 is in force", append([]string{"apply", first}, table[2:]...)...)
	run(0, "", "diff", first)
	run(3, `- models["*"].targets[0].pool: claude`, "diff", second)
	run(0, "revision 2 is in force", append([]string{"apply", second, "--note", "named models only"}, table[2:]...)...)
	served("under the second revision", 404)
	run(0, "revision 3 is in force", append([]string{"rollback", "1"}, table[2:]...)...)
	served("after the rollback", 200)
	var history []struct {
		Number     int64  `json:"number"`
		Author     string `json:"author"`
		RollbackTo int64  `json:"rollback_to"`
	}
	out := run(0, "named models only", "history", "--json")
	if err := json.Unmarshal([]byte(out), &history); err != nil || len(history) != 3 || history[0].Number != 3 || history[0].RollbackTo != 1 || history[1].Author != "smoke" {
		t.Errorf("history = %s (%v), want three revisions, the newest back to 1", out, err)
	}
}
