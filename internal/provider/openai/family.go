package openai

import "strings"

// Family strips what does not change whose quota a model draws on: the date of a
// snapshot, and the owner's part of a fine-tune, which counts against its base
// model (OpenAI docs, guides/rate-limits). Limits are otherwise per model.
func (d *Dialect) Family(model string) string {
	if d.cfg.Family != nil {
		return d.cfg.Family(model)
	}
	if tuned, ok := strings.CutPrefix(model, "ft:"); ok {
		model, _, _ = strings.Cut(tuned, ":")
	}
	const dateForm = "-dddd-dd-dd"
	if n := len(model) - len(dateForm); n > 0 && hasForm(model[n:], dateForm) {
		return model[:n]
	}
	return model
}

// hasForm reports whether s looks like form, where d stands for a digit.
func hasForm(s, form string) bool {
	for i := range len(form) {
		digit := '0' <= s[i] && s[i] <= '9'
		if form[i] == 'd' && !digit || form[i] != 'd' && s[i] != form[i] {
			return false
		}
	}
	return true
}
