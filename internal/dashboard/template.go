package dashboard

import (
	"fmt"
	"strings"
)

// The lines of the template between which the dashboard's body stands.
const (
	begin = "# <dashboard> made by `make dashboard`, not by hand\n"
	end   = "# </dashboard>"
)

// Splice puts the dashboard's body into a template, in the place of the one
// that is there. The body is one block of text within !Sub.
func Splice(template string, b Board) (string, error) {
	head, rest, found := strings.Cut(template, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the template lacks the lines %q and %q", strings.TrimSpace(begin), end)
	}
	body, err := b.JSON()
	if err != nil {
		return "", err
	}
	indent := head[strings.LastIndexByte(head, '\n')+1:]
	lines := strings.ReplaceAll(body, "\n", "\n"+indent+"  ")
	return head + begin + indent + "DashboardBody: !Sub |-\n" + indent + "  " + lines + "\n" + indent + end + tail, nil
}
