package responses

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// response is an answer in the making: it takes in what a chat.completion or its
// chunks say and queues the events that tell a client of it.
type response struct {
	asked
	events events

	base  string // what its ids have in common; empty until it has a name
	head  string // how its object begins
	tier  string // service_tier as the provider says it, raw
	began bool

	items []item
	text  *textItem           // the last item, if it is a text that is not closed
	calls map[int64]*callItem // the latest of each number in the chunks
	// reason is the finish_reason.
	reason string
	body   []byte // the object at the end
}

// item is an item of the output.
type item interface {
	// close ends the item, unless it has ended. whole is false when the answer
	// was cut off.
	close(r *response, whole bool)
	// object is its JSON; nil while it is open.
	object() []byte
}

func newResponse(a asked) *response { return &response{asked: a} }

// begin takes in what the answer says of itself, and does so once.
func (r *response) begin(doc gjson.Result) {
	if r.began {
		return
	}
	r.began = true
	r.name(doc)
	if v := doc.Get("service_tier"); isText(v) {
		r.tier = strings.Clone(v.Raw)
	}
	opening := string(r.object(ending{status: "in_progress", opening: true}))
	r.events.write("response.created", `,"response":`, opening)
	r.events.write("response.in_progress", `,"response":`, opening)
}

// name gives the response its ids, which are made of the upstream's. Where there
// is none, or one that could not stand in JSON as it is, they are made of the
// request, so that nothing here needs randomness.
func (r *response) name(doc gjson.Result) {
	if r.base != "" {
		return
	}
	id := strings.TrimPrefix(doc.Get("id").Str, "chatcmpl-")
	if !isWord(id) {
		sum := sha256.Sum256(r.req.Raw)
		id = hex.EncodeToString(sum[:16])
	}
	r.base = strings.Clone(id)
	model := quote(r.model)
	if v := doc.Get("model"); isText(v) {
		model = v.Raw
	}
	r.head = `{"id":"resp_` + id + `","object":"response","created_at":` +
		strconv.FormatInt(doc.Get("created").Int(), 10) + `,"model":` + model
}

// take takes in a choice, whose news stand in its member delta or message.
func (r *response) take(choice gjson.Result, member string) {
	news := choice.Get(member)
	r.think(news)
	r.content(news.Get("content"), choice.Get("logprobs.content"))
	r.annotate(news.Get("annotations"))
	if v := news.Get("refusal"); isText(v) {
		r.say(message, refusal, v.Raw, gjson.Result{})
	}
	position := int64(0)
	news.Get("tool_calls").ForEach(func(_, piece gjson.Result) bool {
		r.call(piece, position)
		position++
		return true
	})
	if v := choice.Get("finish_reason"); isText(v) {
		r.reason = strings.Clone(v.Str)
	}
}

// place is where an item stands.
type place struct {
	id string
	at string // the members of its events that say so
}

// place makes room for another item. What was open before it has ended, if it can.
func (r *response) place(prefix string, i item) place {
	r.closeText()
	r.settle()
	n := strconv.Itoa(len(r.items))
	r.items = append(r.items, i)
	id := prefix + r.base + "_" + n
	return place{id, `,"item_id":"` + id + `","output_index":` + n}
}

// added tells of a new item, done of one that has ended; object is its JSON.
func (r *response) added(p place, object string) {
	r.events.write("response.output_item.added", p.index(), `,"item":`, object)
}

func (r *response) done(p place, object []byte) {
	r.events.write("response.output_item.done", p.index(), `,"item":`, string(object))
}

// index is the place without the id: the item itself has it.
func (p place) index() string { return p.at[strings.LastIndexByte(p.at, ','):] }

// finish ends the answer.
func (r *response) finish(u upstream.Usage) {
	end := ending{status: "completed", usage: u}
	switch r.reason {
	case "length":
		end.status, end.reason = "incomplete", "max_output_tokens"
	case "content_filter":
		end.status, end.reason = "incomplete", "content_filter"
	}
	for _, i := range r.items {
		i.close(r, end.reason == "")
	}
	r.text = nil
	r.body = r.object(end)
	r.events.write("response."+end.status, `,"response":`, string(r.body))
}
