package catalogue

import "testing"

func TestFind(t *testing.T) {
	t.Parallel()
	c := New([]string{"claude-test-*", "local/*", "[bad"})
	tests := []struct {
		name, id string
		found    bool
		family   string
		owner    string
	}{
		{"known", "claude-sonnet-5", true, "claude-sonnet-5", "anthropic"},
		{"minor versions of one generation share a quota", "claude-opus-4-6", true, "claude-opus-4.x", "anthropic"},
		{"a dated name is the same model", "claude-haiku-4-5-20251001", true, "claude-haiku-4-5", "anthropic"},
		{"openai models own their quota", "gpt-4o-mini", true, "gpt-4o-mini", "openai"},
		{"a pattern of one's own", "claude-test-1", true, "claude-test-1", "anthropic"},
		{"a slash is not matched by a star elsewhere", "local/llama", true, "local/llama", "openai"},
		{"retired", "claude-3-5-sonnet-20241022", false, "", ""},
		{"prefix of a known one", "claude-sonnet", false, "", ""},
		{"empty", "", false, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, ok := c.Find(tt.id)
			if ok != tt.found || m.Family != tt.family || m.Owner != tt.owner {
				t.Errorf("Find(%q) = %q of %q, %v; want %q of %q, %v", tt.id, m.Family, m.Owner, ok, tt.family, tt.owner, tt.found)
			}
		})
	}
}

func TestKnownModelsAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range New(nil).Models() {
		if seen[m.ID] {
			t.Errorf("%s is listed twice", m.ID)
		}
		seen[m.ID] = true
		if m.Name == "" || m.Family == "" || m.MaxInput < m.MaxOutput || m.MinCache == 0 || m.Created.IsZero() {
			t.Errorf("%s is incomplete: %+v", m.ID, m)
		}
		if m.Thinks && len(m.Thinking) == 0 {
			t.Errorf("%s thinks by default but accepts no thinking", m.ID)
		}
	}
}
