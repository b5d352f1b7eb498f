package samtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every code that a client can be told is explained to the operator.
func TestRunbookKnowsEveryErrorCode(t *testing.T) {
	runbook := read(t, "docs/operations.md")
	given := regexp.MustCompile(`(?:code: +|badHeader\(|codeOverloaded = )"([a-z_]+)"`)
	sources, err := filepath.Glob(filepath.Join("..", "..", "internal", "gateway", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range given.FindAllStringSubmatch(string(source), -1) {
			found++
			if !strings.Contains(runbook, "`"+m[1]+"`") {
				t.Errorf("%s gives the code %s, docs/operations.md does not say what to do", filepath.Base(path), m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d codes: they are written in another way now", found)
	}
}

// The security page says what each role may do; it must be all, and no more.
func TestSecurityPageNamesEveryRight(t *testing.T) {
	_, page, _ := strings.Cut(read(t, "docs/security.md"), "## Who may do what")
	page, _, _ = strings.Cut(page, "No role may")
	granted := map[string]bool{"lambda:InvokeFunction": true} // the schedule's, by SAM
	for _, role := range ofType(t, "AWS::IAM::Role") {
		for _, actions := range rights(role) {
			for _, action := range actions {
				granted[action] = true
				if _, name, _ := strings.Cut(action, ":"); !strings.Contains(page, action) && !strings.Contains(page, "`"+name+"`") {
					t.Errorf("docs/security.md does not say that somebody may do %s", action)
				}
			}
		}
	}
	for _, m := range regexp.MustCompile("`([a-z]+:[A-Za-z]+)`").FindAllStringSubmatch(page, -1) {
		if !granted[m[1]] {
			t.Errorf("docs/security.md says that somebody may do %s, the template does not", m[1])
		}
	}
}

// Links between pages break silently.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	for _, page := range []string{"operations.md", "security.md", "pooling-honestly.md", "server-mode.md"} {
		for _, m := range link.FindAllStringSubmatch(read(t, "docs/"+page), -1) {
			target := m[1]
			if target == "" {
				target = page
			}
			text := read(t, "docs/"+target)
			if m[2] != "" && !strings.Contains(" "+strings.Join(anchors(text), " ")+" ", " "+m[2]+" ") {
				t.Errorf("%s links to %s#%s, which has no such heading", page, target, m[2])
			}
		}
	}
}
