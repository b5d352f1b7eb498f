package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/secret"
)

// slot is a place for a credential and the name that a person calls it by.
type slot struct {
	// Name is POOL/KEY, POOL/admin_key, clients/TOKEN, clients/edge/N (from 1) or
	// admin; with --secret it is a field.
	Name string
	Ref  secret.Ref
}

// slotsOf lists the places that a document refers to, in order of their names.
func slotsOf(doc *config.Config) []slot {
	var slots []slot
	add := func(name, ref string) {
		if r, err := secret.ParseRef(ref); err == nil { // the document has been checked
			slots = append(slots, slot{name, r})
		}
	}
	for _, pool := range slices.Sorted(maps.Keys(doc.Pools)) {
		for _, k := range doc.Pools[pool].Keys {
			add(pool+"/"+k.Name, k.Secret)
		}
		add(pool+"/admin_key", doc.Pools[pool].AdminKey)
	}
	for _, token := range doc.Clients.Tokens {
		add("clients/"+token.Name, token.Secret)
	}
	for i, s := range doc.Clients.EdgeSecrets {
		add(fmt.Sprintf("clients/edge/%d", i+1), s) // no client has a slash in its name
	}
	add("admin", doc.Admin.Secret)
	return slots
}

// pick finds the slot of a name, which may leave out what stands before the
// slash, or be the field of its secret, if that fits no other.
func pick(slots []slot, name string) (slot, error) {
	var found []slot
	var known []string
	for _, s := range slots {
		_, short, _ := strings.Cut(s.Name, "/")
		if s.Name == name {
			return s, nil
		}
		if short == name || s.Ref.Field == name {
			found = append(found, s)
		}
		known = append(known, s.Name)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return slot{}, fmt.Errorf("the document has no key %q; it has %s", name, strings.Join(known, ", "))
	}
	return slot{}, fmt.Errorf("%q is ambiguous: write %s or %s", name, found[0].Name, found[1].Name)
}

// errTyped answers whoever gave a credential as an argument. It repeats nothing.
var errTyped = errors.New("an argument looks like a credential. Credentials never stand on the command line, where the shell's history " +
	"and every process can see them: give the names only and type the values when asked, or use --from-file. " +
	"Replace that credential at its provider, and remove it from your shell's history")

// checkNames refuses arguments that are no names.
func checkNames(names []string) error {
	for i, name := range names {
		if secret.LooksLikeSecret(name) || strings.ContainsAny(name, "=: \t\n") {
			return errTyped
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s stands twice", name)
		}
	}
	return nil
}

// keyPlaces says which slots a command is about.
type keyPlaces struct {
	Config string `default:"fallow.yaml" placeholder:"FILE" help:"Config document whose keys are meant (${default})."`
	Secret string `placeholder:"ID" help:"Mean the fields of this secret in Secrets Manager, and read no document."`
}

// slots returns those of the names; all there are for no names. A secret's own
// fields have to be named: what is there need not be all that should be.
func (p keyPlaces) slots(names []string) ([]slot, error) {
	if err := checkNames(names); err != nil {
		return nil, err
	}
	if p.Secret != "" {
		return p.fields(names)
	}
	doc, err := config.Load(p.Config)
	if err != nil {
		return nil, fmt.Errorf("%w\nName the document with --config, or a secret with --secret", err)
	}
	all := slotsOf(doc)
	if len(names) == 0 {
		return all, nil
	}
	var slots []slot
	for _, name := range names {
		s, err := pick(all, name)
		if err != nil {
			return nil, err
		}
		slots = append(slots, s)
	}
	return slots, nil
}

func (p keyPlaces) fields(names []string) ([]slot, error) {
	var slots []slot
	for _, name := range names {
		ref, err := secret.ParseRef(secret.SchemeSecretsManager + ":" + p.Secret + "#" + name)
		if err != nil {
			return nil, err
		}
		slots = append(slots, slot{name, ref})
	}
	return slots, nil
}
