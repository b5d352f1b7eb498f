package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/fallow-dev/fallow/internal/secret"
)

// maxKeys bounds what is read: the most that Secrets Manager stores in a secret.
const maxKeys = 64 << 10

// values gets the credentials: typed, from a pipe or from a file; by the
// slots' names.
func (c setKeysCmd) values(t *terminal, slots []slot) (map[string]secret.Value, error) {
	in := c.in
	if in == nil {
		in = os.Stdin
	}
	switch {
	case c.FromFile != "" && c.FromFile != "-":
		file, err := os.Open(c.FromFile)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	case c.FromFile == "" && isTerminal(in):
		return c.ask(t, in, slots)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxKeys+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeys {
		return nil, fmt.Errorf("more than %d KiB of credentials", maxKeys>>10)
	}
	return c.parse(string(text), slots)
}

// ask reads one value after the other without echo.
func (c setKeysCmd) ask(t *terminal, in *os.File, slots []slot) (map[string]secret.Value, error) {
	if len(c.Names) == 0 {
		return nil, errors.New("which keys? Name them, or read them all from a file with --from-file")
	}
	values := map[string]secret.Value{}
	for _, s := range slots {
		fmt.Fprintf(t.stderr, "%s (%s), not shown: ", s.Name, s.Ref)
		text, err := readHidden(t.ctx, in)
		fmt.Fprintln(t.stderr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; nothing was changed", s.Name, err)
		}
		if strings.TrimSpace(text) == "" {
			fmt.Fprintf(t.stderr, "%s stays as it is\n", s.Name)
			continue
		}
		if values[s.Name], err = credential(text); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return values, nil
}

// parse takes a JSON object by name, or the one credential of the one key that
// was named.
func (c setKeysCmd) parse(text string, slots []slot) (map[string]secret.Value, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("nothing was there to read, and there is no terminal to ask at: pipe a credential in, or name a file with --from-file")
	}
	var byName map[string]string
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		// The decoder's error would quote what it stumbled on.
		if json.Unmarshal([]byte(text), &byName) != nil {
			return nil, errors.New(`the credentials are not a JSON object of texts: write {"NAME": "..."}`)
		}
	} else if len(c.Names) == 1 {
		byName = map[string]string{c.Names[0]: text}
	} else {
		return nil, errors.New(`several keys are read from a JSON object: write {"NAME": "..."}`)
	}
	return match(byName, slots, c.Secret, len(c.Names) > 0)
}

// match gives the values to the slots. Each value has to have one, and each
// slot that was named a value.
func match(byName map[string]string, slots []slot, id string, named bool) (map[string]secret.Value, error) {
	values := map[string]secret.Value{}
	for name, text := range byName {
		if err := checkNames([]string{name}); err != nil {
			return nil, errors.New("a name in the JSON object looks like a credential: names stand before the colon")
		}
		s, err := slotFor(slots, name, id, named)
		if err != nil {
			return nil, err
		}
		if _, dup := values[s.Name]; dup {
			return nil, fmt.Errorf("%s stands twice in the JSON object, under two names", s.Name)
		}
		if values[s.Name], err = credential(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, s := range slots {
		if _, ok := values[s.Name]; named && !ok {
			return nil, fmt.Errorf("%s was named, and no credential was given for it", s.Name)
		}
	}
	return values, nil
}

func slotFor(slots []slot, name, id string, named bool) (slot, error) {
	s, err := pick(slots, name)
	if err != nil && id != "" && !named {
		return slot{}, errors.New("with --secret, name the fields to set")
	}
	return s, err
}

// credential checks what was typed or pasted. No provider's key has blanks or
// control characters in it; a line end at the end comes from editors.
func credential(text string) (secret.Value, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return secret.Value{}, errors.New("the credential is empty")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return secret.Value{}, errors.New("the credential has blanks or control characters within: was more pasted than the key?")
	}
	return secret.New(text), nil
}
