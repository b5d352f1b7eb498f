package secret_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/secret/secrettest"
)

func TestEditorSet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old string
		fields    map[string]secret.Value
		want      string
		changed   bool
		err       string
	}{
		{"one of two", `{"b":"2","a":"1"}`, map[string]secret.Value{"a": secret.New("x")}, `{"a":"x","b":"2"}`, true, ""},
		{"new field", `{}`, map[string]secret.Value{"a": secret.New("x")}, `{"a":"x"}`, true, ""},
		{"characters that JSON and HTML escape", `{"a":""}`, map[string]secret.Value{"a": secret.New(`<"\&>`)}, `{"a":"<\"\\&>"}`, true, ""},
		{"others keep their bytes", `{"n": 1.50, "o": {"x": [1, 2]}, "a": ""}`, map[string]secret.Value{"a": secret.New("x")},
			`{"a":"x","n":1.50,"o":{"x": [1, 2]}}`, true, ""},
		{"nothing new", `{ "a": "1" }`, map[string]secret.Value{"a": secret.New("1")}, `{ "a": "1" }`, false, ""},
		{"whole text", "old", map[string]secret.Value{"": secret.New("new")}, "new", true, ""},
		{"whole text of an empty object", "{}", map[string]secret.Value{"": secret.New("new")}, "new", true, ""},
		{"same whole text", "old", map[string]secret.Value{"": secret.New("old")}, "old", false, ""},
		{"whole text over fields", `{"a":"1"}`, map[string]secret.Value{"": secret.New(canary)}, `{"a":"1"}`, false, "which one text would replace"},
		{"field and whole text", "old", map[string]secret.Value{"": secret.New(canary), "a": secret.New(canary)}, "old", false, "not both"},
		{"field of a text", "old " + canary, map[string]secret.Value{"a": secret.New("x")}, "old " + canary, false, "not a JSON object"},
		{"field of a list", `["a"]`, map[string]secret.Value{"a": secret.New("x")}, `["a"]`, false, "not a JSON object"},
		{"too long in all", `{"a":"1"}`, map[string]secret.Value{"b": secret.New(strings.Repeat("x", 65536))}, `{"a":"1"}`, false, "longer than 65536"},
		{"was too long", strings.Repeat("x", 65537), map[string]secret.Value{"": secret.New("x")}, strings.Repeat("x", 65537), false, "longer than"},
		{"field of what was too long", strings.Repeat("x", 65537), map[string]secret.Value{"a": secret.New("x")}, strings.Repeat("x", 65537), false, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := secrettest.Start(t)
			server.Put("app/keys", tt.old)
			e := secret.NewEditor(server.Client())
			version, changed, err := e.Set(t.Context(), "app/keys", tt.fields)
			if got := server.Text("app/keys"); got != tt.want || changed != tt.changed || (version == "") != (tt.err != "") {
				t.Errorf("got %q, version %q, changed %v; want %q, %v", got, version, changed, tt.want, tt.changed)
			}
			if tt.err != "" {
				checkError(t, err, tt.err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// meddling changes the secret after each of the first readings.
type meddling struct {
	*secretsmanager.Client
	server *secrettest.Server
	texts  []string
}

func (m *meddling) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, opt ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	out, err := m.Client.GetSecretValue(ctx, in, opt...)
	if len(m.texts) > 0 {
		m.server.Put(*in.SecretId, m.texts[0])
		m.texts = m.texts[1:]
	}
	return out, err
}

// TestEditorLosesNothing: what somebody else writes between the reading and the
// writing is neither lost nor overwritten.
func TestEditorLosesNothing(t *testing.T) {
	t.Parallel()
	server := secrettest.Start(t)
	server.Put("k", `{"a":"1"}`)
	api := &meddling{server.Client(), server, []string{`{"a":"1","b":"2"}`, `{"a":"1","b":"3"}`}}
	if _, changed, err := secret.NewEditor(api).Set(t.Context(), "k", map[string]secret.Value{"a": secret.New("x")}); err != nil || !changed {
		t.Fatalf("got %v, %v", changed, err)
	}
	if got, want := server.Text("k"), `{"a":"x","b":"3"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	api.texts = []string{`{"b":"4"}`, `{"b":"5"}`, `{"b":"6"}`, `{"b":"7"}`}
	_, _, err := secret.NewEditor(api).Set(t.Context(), "k", map[string]secret.Value{"a": secret.New(canary)})
	checkError(t, err, "somebody else changed the secret at the same time")
	if got := server.Text("k"); got != `{"b":"6"}` {
		t.Errorf("got %s; the other's text must stand", got)
	}
}

func TestEditorOfSecretsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	server := secrettest.Start(t)
	server.PutBinary("binary", []byte{1})
	e := secret.NewEditor(server.Client())
	for id, want := range map[string]string{"missing": "no such secret", "binary": "binary"} {
		_, _, err := e.Set(t.Context(), id, map[string]secret.Value{"a": secret.New(canary)})
		checkError(t, err, want)
		_, err = e.Look(t.Context(), id)
		checkError(t, err, want)
	}
	if _, err := e.Look(t.Context(), "missing"); !errors.Is(err, secret.ErrGone) {
		t.Errorf("got %v, want ErrGone", err)
	}
	server.Down(true)
	_, err := e.Look(t.Context(), "binary")
	checkError(t, err, "the service is down")
}

// failing refuses one of the writing calls.
type failing struct {
	*secretsmanager.Client
	put, move error
}

func (f failing) PutSecretValue(ctx context.Context, in *secretsmanager.PutSecretValueInput, opt ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if f.put != nil {
		return nil, f.put
	}
	return f.Client.PutSecretValue(ctx, in, opt...)
}

func (f failing) UpdateSecretVersionStage(ctx context.Context, in *secretsmanager.UpdateSecretVersionStageInput, opt ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if f.move != nil {
		return nil, f.move
	}
	return f.Client.UpdateSecretVersionStage(ctx, in, opt...)
}

func TestEditorWithoutLeaveToWrite(t *testing.T) {
	t.Parallel()
	server := secrettest.Start(t)
	server.Put("k", `{"a":"1"}`)
	denied := errors.New("AccessDenied")
	for want, api := range map[string]failing{
		"could not be written: AccessDenied":              {server.Client(), denied, nil},
		"could not be made the current one: AccessDenied": {server.Client(), nil, denied},
	} {
		_, _, err := secret.NewEditor(api).Set(t.Context(), "k", map[string]secret.Value{"a": secret.New(canary)})
		checkError(t, err, want)
	}
	if got := server.Text("k"); got != `{"a":"1"}` {
		t.Errorf("got %s, want the old text", got)
	}
}

func TestEditorLook(t *testing.T) {
	t.Parallel()
	server := secrettest.Start(t)
	server.Put("keys", `{"a":"1","b":"","n":1}`)
	server.Put("token", canary)
	server.Put("long", strings.Repeat("x", 65537))
	e := secret.NewEditor(server.Client())
	v, err := e.Look(t.Context(), "keys")
	if err != nil || len(v.Fields) != 3 || !v.Fields["a"] || v.Fields["b"] || v.Fields["n"] || v.ID == "" || v.Created.IsZero() {
		t.Errorf("got %+v, %v; want a set, b and n not", v, err)
	}
	if v, err := e.Look(t.Context(), "token"); err != nil || v.Fields != nil || !v.Set {
		t.Errorf("got %+v, %v; want a text that is set", v, err)
	}
	if _, err := e.Look(t.Context(), "long"); err == nil {
		t.Error("a secret longer than there can be was taken")
	}
}
