package telemetry

import "log/slog"

// Content is what was said in a request, of a route that has it logged: redacted,
// and cut to what the route allows. It is an event of its own, so that its lines
// can be kept apart from all others and for another time. Sinks of metrics and
// traces leave it alone.
type Content struct {
	// ID is that of the Request.
	ID     string
	Client string
	Model  string // as the client named it
	// Route is the name of the route, as in the config document.
	Route string
	// API is as in Request.
	API string
	// Status is the HTTP status, as in Request.
	Status int
	// Prompt and Answer are empty where the route does not log them, or where
	// there was none.
	Prompt, Answer string
	// PromptCut and AnswerCut count the bytes of text that were left out: before
	// what there is of a prompt, behind what there is of an answer.
	PromptCut, AnswerCut int
	// Redacted counts the masks in both.
	Redacted int
}

// Line implements Event.
func (c Content) Line(dst []slog.Attr) (slog.Level, string, []slog.Attr) {
	dst = append(dst,
		slog.String("request_id", c.ID), slog.String("client", c.Client), slog.String("model", c.Model),
		slog.String("route", c.Route), slog.Int("status", c.Status), slog.Int("redacted", c.Redacted),
	)
	if c.API != "" {
		dst = append(dst, slog.String("api", c.API))
	}
	dst = said(dst, "prompt", c.Prompt, c.PromptCut)
	return slog.LevelInfo, "content", said(dst, "answer", c.Answer, c.AnswerCut)
}

// said adds a text, and how much of it is left out if anything is.
func said(dst []slog.Attr, name, text string, cut int) []slog.Attr {
	if text != "" {
		dst = append(dst, slog.String(name, text))
	}
	if cut > 0 {
		dst = append(dst, slog.Int(name+"_cut_bytes", cut))
	}
	return dst
}
