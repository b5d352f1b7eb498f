package secrettest_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/fallow-dev/fallow/internal/secret/secrettest"
)

func read(t *testing.T, s *secrettest.Server, id string) (*secretsmanager.GetSecretValueOutput, error) {
	t.Helper()
	return s.Client().GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
}

func TestServerKeepsVersions(t *testing.T) {
	t.Parallel()
	s := secrettest.Start(t)
	s.Put("a/b", "one")
	first, err := read(t, s, "a/b")
	if err != nil || *first.SecretString != "one" || *first.Name != "a/b" || first.VersionStages[0] != "AWSCURRENT" {
		t.Fatalf("got %+v, %v", first, err)
	}
	if age := time.Since(*first.CreatedDate); age < -time.Second || age > time.Minute {
		t.Errorf("created %v ago", age)
	}
	put, err := s.Client().PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: first.ARN, SecretString: aws.String("two")})
	if err != nil || *put.VersionId == *first.VersionId {
		t.Fatalf("got %+v, %v; want a new version", put, err)
	}
	for _, id := range []string{"a/b", *first.ARN} {
		second, err := read(t, s, id)
		if err != nil || *second.SecretString != "two" || *second.VersionId != *put.VersionId {
			t.Errorf("%s: got %+v, %v", id, second, err)
		}
	}
	if got := s.Reads("a/b"); got != 2 {
		t.Errorf("got %d readings, want 2", got)
	}
}

func TestServerBinary(t *testing.T) {
	t.Parallel()
	s := secrettest.Start(t)
	s.PutBinary("a", []byte{0, 255})
	out, err := read(t, s, "a")
	if err != nil || out.SecretString != nil || string(out.SecretBinary) != "\x00\xff" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestServerFaults(t *testing.T) {
	t.Parallel()
	s := secrettest.Start(t)
	_, err := read(t, s, "missing")
	if want := new(*types.ResourceNotFoundException); !errors.As(err, want) {
		t.Errorf("missing: got %v", err)
	}
	s.Put("a", "one")
	s.Delete("a")
	s.Delete("missing")
	_, err = read(t, s, "a")
	if want := new(*types.InvalidRequestException); !errors.As(err, want) {
		t.Errorf("deleted: got %v", err)
	}
	s.Down(true)
	_, err = read(t, s, "a")
	if want := new(*types.InternalServiceError); !errors.As(err, want) {
		t.Errorf("down: got %v", err)
	}
	s.Down(false)
	s.Put("a", "two")
	_, err = s.Client().DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("a")})
	if err == nil || !strings.Contains(err.Error(), "not emulated: DescribeSecret") {
		t.Errorf("unknown call: got %v", err)
	}
	answer, err := http.Post(s.URL, "application/json", strings.NewReader("{"))
	if err != nil || answer.StatusCode != http.StatusBadRequest {
		t.Fatalf("not JSON: got %v, %v", answer, err)
	}
	_ = answer.Body.Close()
}

// TestServerMovesTheLabel: a version that is written beside the current one
// becomes current only from the version that the caller names.
func TestServerMovesTheLabel(t *testing.T) {
	t.Parallel()
	s := secrettest.Start(t)
	s.Put("a", "one")
	s.Put("b", "other")
	first, err := read(t, s, "a")
	if err != nil {
		t.Fatal(err)
	}
	put, err := s.Client().PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("a"), SecretString: aws.String("two"), VersionStages: []string{"PENDING"}})
	if err != nil || s.Text("a") != "one" || s.Text("missing") != "" {
		t.Fatalf("got %v, %q; want the first text to stay", err, s.Text("a"))
	}
	move := func(id string, from *string) error {
		_, err := s.Client().UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: &id, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: put.VersionId, RemoveFromVersionId: from})
		return err
	}
	if want := new(*types.InvalidParameterException); !errors.As(move("a", put.VersionId), want) {
		t.Error("the label was moved from a version that did not have it")
	}
	if want := new(*types.ResourceNotFoundException); !errors.As(move("b", first.VersionId), want) {
		t.Error("the label was moved to another secret's version")
	}
	if err := move("a", first.VersionId); err != nil || s.Text("a") != "two" {
		t.Errorf("got %v, %q; want the second text", err, s.Text("a"))
	}
}

// A test that fails while it holds readings must still be able to end.
func TestServerClosesWhileHolding(t *testing.T) {
	t.Parallel()
	s := secrettest.New()
	s.Put("a", "one")
	s.Hold()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.Client().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("a")})
		done <- err
	}()
	for s.Reads("a") == 0 {
		runtime.Gosched()
	}
	s.Close()
	if err := <-done; err == nil {
		t.Error("the held reading succeeded")
	}
}
