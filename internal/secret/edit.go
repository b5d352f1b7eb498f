package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// EditAPI is what an Editor needs of *secretsmanager.Client.
type EditAPI interface {
	SecretsManagerAPI
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput,
		...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput,
		...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

var _ EditAPI = (*secretsmanager.Client)(nil)

// Editor changes secrets in AWS Secrets Manager. It is for an operator's
// commands: the gateway only reads. It is safe for concurrent use.
type Editor struct{ api EditAPI }

// NewEditor returns an editor that makes its calls with api.
func NewEditor(api EditAPI) Editor { return Editor{api} }

// Version is what may be shown of a secret: everything but its values.
type Version struct {
	// ID is Secrets Manager's name of the current version.
	ID string
	// Created is when that version was; zero when the service did not say.
	Created time.Time
	// Fields tells of each field of a JSON object whether it has a value; nil
	// when the secret is no JSON object, and then Set says whether it has any.
	Fields map[string]bool
	Set    bool
}

// Look reads the state of a secret. The error wraps ErrGone when there is none.
func (e Editor) Look(ctx context.Context, id string) (Version, error) {
	out, text, err := e.read(ctx, id)
	if err != nil {
		return Version{}, err
	}
	v := Version{ID: aws.ToString(out.VersionId), Created: aws.ToTime(out.CreatedDate), Set: text != ""}
	d, err := newDocument(text)
	if err != nil {
		return v, err
	}
	if d.isObject() {
		v.Fields = map[string]bool{}
		for name := range d.fields {
			v.Fields[name] = !d.values[name].Empty()
		}
	}
	return v, nil
}

// edits is how often Set begins anew when somebody else was faster.
const edits = 3

// Set gives fields of a secret new values and keeps all others. The field ""
// stands for the whole text of a secret without fields and must be alone.
// changed is false when all had these values already, and then no version is
// made. Somebody else's change at the same moment is not lost.
//
// The error says what to do and holds no value; it wraps ErrGone when there
// is no such secret.
func (e Editor) Set(ctx context.Context, id string, fields map[string]Value) (version string, changed bool, err error) {
	for range edits {
		version, changed, err = e.try(ctx, id, fields)
		if !errors.Is(err, errMoved) {
			return version, changed, err
		}
	}
	return "", false, err
}

func (e Editor) try(ctx context.Context, id string, fields map[string]Value) (string, bool, error) {
	out, old, err := e.read(ctx, id)
	if err != nil {
		return "", false, err
	}
	text, err := edited(old, fields)
	if err != nil {
		return "", false, err
	}
	before := aws.ToString(out.VersionId)
	if text == old {
		return before, false, nil
	}
	version, err := e.replace(ctx, id, text, before)
	return version, err == nil, err
}

func (e Editor) read(ctx context.Context, id string) (*secretsmanager.GetSecretValueOutput, string, error) {
	out, err := e.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if gone(err) {
		return nil, "", fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return nil, "", err
	}
	if out.SecretString == nil {
		return nil, "", errors.New("the secret is binary: store it as text")
	}
	return out, *out.SecretString, nil
}

// stage is the label of a version that is written and not yet current.
const stage = "FALLOW_PENDING"

var errMoved = errors.New("somebody else changed the secret at the same time: try again")

// replace makes text the current version if that is still the one before.
// PutSecretValue has no condition, so the new version is written beside the
// current one, and the label AWSCURRENT is then moved from the very version
// that was read: that call fails when the label is not there any more (Secrets
// Manager API, UpdateSecretVersionStage, RemoveFromVersionId).
func (e Editor) replace(ctx context.Context, id, text, before string) (string, error) {
	put, err := e.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &id, SecretString: &text, VersionStages: []string{stage},
	})
	if err != nil {
		return "", fmt.Errorf("the new version could not be written: %w", err)
	}
	_, err = e.api.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &id, VersionStage: aws.String("AWSCURRENT"),
		MoveToVersionId: put.VersionId, RemoveFromVersionId: &before,
	})
	if moved := (*types.InvalidParameterException)(nil); errors.As(err, &moved) {
		return "", fmt.Errorf("%w (%w)", errMoved, err)
	}
	if err != nil {
		return "", fmt.Errorf("the new version was written and could not be made the current one: %w", err)
	}
	return aws.ToString(put.VersionId), nil
}

// edited returns the text with the fields set.
func edited(old string, fields map[string]Value) (string, error) {
	if whole, ok := fields[""]; ok {
		return editedWhole(old, whole, len(fields))
	}
	d, err := newDocument(old)
	if err != nil {
		return "", err
	}
	if !d.isObject() {
		return "", errors.New("the secret is not a JSON object: a field cannot be set in it")
	}
	same := true
	for name, v := range fields {
		same = same && d.values[name].Equal(v)
		if d.fields[name], err = quoted(v); err != nil {
			return "", err
		}
	}
	if same {
		return old, nil
	}
	text, err := joined(d.fields)
	if len(text) > maxText {
		return "", fmt.Errorf("the secret would be longer than %d bytes", maxText)
	}
	return text, err
}

// editedWhole refuses to overwrite other credentials by one.
func editedWhole(old string, v Value, fields int) (string, error) {
	d, err := newDocument(old)
	switch {
	case err != nil:
		return "", err
	case fields > 1:
		return "", errors.New("the secret is either one text or has fields, not both")
	case d.isObject() && len(d.fields) > 0:
		return "", errors.New("the secret is a JSON object with fields, which one text would replace: write secretsmanager:ID#field")
	}
	return v.Reveal(), nil
}

func quoted(v Value) (json.RawMessage, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v.Reveal())
	return bytes.TrimSpace(out.Bytes()), err
}

// joined writes the fields in order, the values as they were.
func joined(fields map[string]json.RawMessage) (string, error) {
	var out bytes.Buffer
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		out.WriteByte("{,"[min(i, 1)])
		quotedName, err := quoted(New(name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%s:%s", quotedName, fields[name])
	}
	out.WriteByte('}')
	return out.String(), nil
}
