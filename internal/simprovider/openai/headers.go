package openai

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Identity writes the headers that every answer carries; took is the time
// until its headers were ready.
func (Dialect) Identity(h http.Header, c *dialogue.Call, took time.Duration) {
	h.Set("x-request-id", "req_"+c.ID)
	h.Set("openai-version", "2020-10-01")
	h.Set("openai-processing-ms", strconv.FormatInt(took.Milliseconds(), 10))
	if c.OrganisationID != "" {
		h.Set("openai-organization", c.OrganisationName)
		h.Set("openai-project", "proj_"+c.OrganisationID)
	}
}

// Limits writes the state of the quota.
func (Dialect) Limits(h http.Header, levels []quota.Level, now time.Time) {
	names := map[upstream.Dimension]string{upstream.Requests: "requests", upstream.Tokens: "tokens"}
	for _, l := range levels {
		name, ours := names[l.Dimension]
		if !ours {
			continue
		}
		h.Set("x-ratelimit-limit-"+name, strconv.FormatInt(l.PerMinute, 10))
		h.Set("x-ratelimit-remaining-"+name, strconv.FormatInt(l.Remaining, 10))
		h.Set("x-ratelimit-reset-"+name, span(l.FullAt.Sub(now)))
	}
}

// span writes a duration as OpenAI does, to the millisecond: 120ms, 1.5s, 6m0s.
func span(d time.Duration) string { return d.Round(time.Millisecond).String() }

// RetryAfter writes how long to stay away, in whole seconds and again in
// milliseconds.
func (Dialect) RetryAfter(h http.Header, d time.Duration) {
	h.Set("retry-after", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	h.Set("retry-after-ms", strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10))
}

type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// List is the body of GET /v1/models.
func (d Dialect) List(url.Values) []byte {
	list := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list"}
	for _, m := range d.Models.Models() {
		list.Data = append(list.Data, model{m.ID, "model", m.Created.Unix(), m.Owner})
	}
	return marshal(list)
}

// One is the body of GET /v1/models/{id}; ok is false when there is no such model.
func (d Dialect) One(id string) (body []byte, ok bool) {
	m, ok := d.Models.Find(id)
	if !ok {
		return nil, false
	}
	return marshal(model{m.ID, "model", m.Created.Unix(), m.Owner}), true
}
