package secret

import (
	"errors"
	"fmt"
	"strings"
)

// The schemes a reference can have.
const (
	SchemeEnv            = "env"            // env:NAME, an environment variable
	SchemeFile           = "file"           // file:PATH, the content of a file
	SchemeSecretsManager = "secretsmanager" // secretsmanager:ID or secretsmanager:ID#field
	SchemeAWS            = "aws"            // aws:role, the AWS credentials of the process
)

// Ref says where a credential is. It is no secret: it may be logged. Refs are
// comparable; equal ones lead to the same credential.
type Ref struct {
	// Scheme is one of the constants.
	Scheme string
	// ID is the variable's name, the file's path, the secret's name or ARN, or
	// "role".
	ID string
	// Field is the string field to take out of a secret that is a JSON object;
	// empty means the whole text. Only secretsmanager has fields.
	Field string
}

// String returns the reference as ParseRef reads it.
func (r Ref) String() string {
	s := r.Scheme + ":" + r.ID
	if r.Field != "" {
		s += "#" + r.Field
	}
	return s
}

// errNoScheme never repeats what it was given: the most likely reason for it
// is a credential that was pasted where its reference belongs.
var errNoScheme = errors.New("not a secret reference: write env:NAME, file:PATH or " +
	"secretsmanager:ID#field (the secret itself never stands in the configuration)")

// ParseRef reads a reference. Its errors say what would be right and contain
// nothing of s, which may be a credential.
func ParseRef(s string) (Ref, error) {
	ref, err := split(s)
	if err == nil {
		err = ref.check()
	}
	if err != nil {
		return Ref{}, err
	}
	return ref, nil
}

func split(s string) (Ref, error) {
	scheme, id, _ := strings.Cut(s, ":")
	switch scheme {
	case SchemeEnv, SchemeFile, SchemeAWS:
		return Ref{Scheme: scheme, ID: id}, nil
	case SchemeSecretsManager:
		id, field, hasField := strings.Cut(id, "#")
		if hasField && field == "" {
			return Ref{}, errField
		}
		return Ref{Scheme: scheme, ID: id, Field: field}, nil
	}
	return Ref{}, errNoScheme
}

func (r Ref) check() error {
	if LooksLikeSecret(r.ID) || LooksLikeSecret(r.Field) {
		return fmt.Errorf("%s: is followed by what looks like the secret itself; "+
			"write the name of the place that holds it", r.Scheme)
	}
	switch r.Scheme {
	case SchemeEnv:
		return checkVariable(r.ID)
	case SchemeFile:
		return checkPath(r.ID)
	case SchemeAWS:
		return checkRole(r.ID)
	}
	return checkSecretsManager(r.ID, r.Field)
}

func checkVariable(name string) error {
	if !made(name, 1, 128, "_") || isDigit(rune(name[0])) {
		return errors.New("env: needs the name of an environment variable: letters, digits and _")
	}
	return nil
}

// pathMax is PATH_MAX of Linux.
const pathMax = 4096

func checkPath(path string) error {
	control := func(r rune) bool { return r < ' ' }
	if path == "" || len(path) > pathMax || strings.ContainsFunc(path, control) || strings.HasSuffix(path, "/") {
		return errors.New("file: needs the path of a file")
	}
	return nil
}

// role is the only ID of SchemeAWS.
const role = "role"

func checkRole(id string) error {
	if id != role {
		return errors.New("aws: is followed by role: aws:role stands for the AWS credentials of the process")
	}
	return nil
}

var (
	errField = errors.New("secretsmanager: # is followed by the name of a JSON field: letters, digits and _.-")
	errID    = errors.New("secretsmanager: needs the name or ARN of a secret: letters, digits and /_+=.@-")
)

// checkSecretsManager knows that names have up to 512 characters (Secrets
// Manager API, CreateSecret); an ARN adds the colon.
func checkSecretsManager(id, field string) error {
	if !made(id, 1, 512, "/_+=.@-:") {
		return errID
	}
	if field != "" && !made(field, 1, 128, "_.-") {
		return errField
	}
	return nil
}

// made reports whether s has min to max characters, each an ASCII letter, a
// digit or one of extra.
func made(s string, min, max int, extra string) bool {
	return len(s) >= min && len(s) <= max && !strings.ContainsFunc(s, func(r rune) bool {
		return !isLetter(r) && !isDigit(r) && !strings.ContainsRune(extra, r)
	})
}

func isLetter(r rune) bool { return isLower(r) || isUpper(r) }
func isLower(r rune) bool  { return r >= 'a' && r <= 'z' }
func isUpper(r rune) bool  { return r >= 'A' && r <= 'Z' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
