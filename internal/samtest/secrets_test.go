package samtest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A reference to a secret or field that the stack does not make would show
// only when the first request fails.
func TestConfigRefersToTheStacksSecrets(t *testing.T) {
	made := map[string]bool{}
	for _, secret := range ofType(t, "AWS::SecretsManager::Secret") {
		name := strings.ReplaceAll(secret["Name"].(string), "${AWS::StackName}", stackName)
		made[name+"#"+field(t, secret)] = true
	}
	if !strings.Contains(read(t, "samconfig.toml"), `stack_name = "`+stackName+`"`) {
		t.Errorf("samconfig.toml does not deploy the stack as %s", stackName)
	}
	refs := regexp.MustCompile(`"secretsmanager:([^"]+)"`).FindAllStringSubmatch(read(t, "fallow.yaml"), -1)
	if len(refs) == 0 {
		t.Fatal("fallow.yaml refers to no secret")
	}
	for _, ref := range refs {
		name, _, _ := strings.Cut(ref[1], "#")
		if !made[ref[1]] && !made[name+"#"] {
			t.Errorf("fallow.yaml refers to %s, the stack makes %v", ref[1], slices.Sorted(maps.Keys(made)))
		}
	}
}

// field is the member of the JSON object that a new secret holds; empty for one
// that has no value until somebody sets it, with the members that they name.
func field(t *testing.T, secret node) string {
	t.Helper()
	if value := secret["SecretString"]; value != nil && value != "{}" {
		t.Errorf("%s: the template holds %q; only {} may stand there, for ever: a deployment that changes it replaces what was set", secret["Name"], value)
	}
	key, _ := at(secret, "GenerateSecretString", "GenerateStringKey").(string)
	return key
}
