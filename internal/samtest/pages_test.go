package samtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every code that a client can be told is explained to the operator.
func TestRunbookKnowsEveryErrorCode(t *testing.T) {
	runbook := read(t, "docs/operations.md")
	given := regexp.MustCompile(`(?:code: +|badHeader\(|codeOverloaded = )"([a-z_]+)"`)
	var sources []string
	for _, room := range []string{"gateway", "awsfront"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "internal", room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("internal/%s has %d files (%v)", room, len(files), err)
		}
		sources = append(sources, files...)
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

// What an operator looks for on a bad day must be there under a name to find it by.
func TestRunbookHasItsJobs(t *testing.T) {
	have := anchors(read(t, "docs/operations.md"))
	for _, job := range []string{"deploy", "roll-back", "change-a-parameter", "rotate-a-key", "add-a-key", "before-launch",
		"let-the-functions-use-bedrock", "disaster", "what-the-checks-cannot-show", "changing-the-config-without-a-deploy"} {
		if !slices.Contains(have, job) {
			t.Errorf("docs/operations.md has no section %q; it has %v", job, have)
		}
	}
}

// A figure of AWS's without a source cannot be checked when it has changed.
func TestQuotasHaveASource(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/operations.md"), "### Before launch")
	section, _, _ = strings.Cut(section, "###")
	figures := 0
	for _, row := range regexp.MustCompile(`(?m)^\|.*\|$`).FindAllString(section, -1) {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		if len(cells) != 4 {
			t.Errorf("%q has %d cells, want quota, default, why, AWS docs", row, len(cells))
			continue
		}
		if !regexp.MustCompile(`\d`).MatchString(cells[1]) {
			continue
		}
		if figures++; !strings.Contains(cells[3], `, "`) {
			t.Errorf("%q names no page of AWS's", row)
		}
	}
	if figures < 5 {
		t.Errorf("found %d figures: they are written in another way now", figures)
	}
}

// The security page says what each role may do; it must be all, and no more.
func TestSecurityPageNamesEveryRight(t *testing.T) {
	_, page, _ := strings.Cut(read(t, "docs/security.md"), "## Who may do what")
	page, _, _ = strings.Cut(page, "No role may")
	granted := map[string]bool{"lambda:InvokeFunction": true} // the schedule's, by SAM
	check := func(rights map[string][]string) {
		for _, actions := range rights {
			for _, action := range actions {
				granted[action] = true
				if _, name, _ := strings.Cut(action, ":"); !strings.Contains(page, action) && !strings.Contains(page, "`"+name+"`") {
					t.Errorf("docs/security.md does not say that somebody may do %s", action)
				}
			}
		}
	}
	for _, role := range ofType(t, "AWS::IAM::Role") {
		check(rights(role))
	}
	for _, policy := range ofType(t, "AWS::IAM::Policy") {
		named := map[string][]string{}
		grant(named, policy)
		check(named)
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
