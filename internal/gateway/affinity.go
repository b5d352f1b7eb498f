package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Files, batches and stored responses belong to the account of the key that made
// them: no other key finds them. So that a client's next request reaches the same
// key, the ids it is given carry a mark of the key, as in file-abc~0123abcd.
//
// The mark is a hash of client, pool and key. It needs no table to look things
// up in, which could be down or have forgotten; it says nothing of the key; and
// to another client the id is unknown. Renaming one of the three loses what was
// made under the old name; the provider still has it.
const markLength = 1 + 8

// owner is the key that a marked id leads to.
type owner struct{ pool, key string }

func markOf(client string, o owner) string {
	h := sha256.Sum256([]byte(client + "\x00" + o.pool + "\x00" + o.key))
	return "~" + hex.EncodeToString(h[:4])
}

// ownerOf finds whose mark it is. There are few keys: to compute them all costs
// less than the JSON around the mark.
func (g *Gateway) ownerOf(client, mark string) *owner {
	for pool, u := range g.cfg.Upstreams {
		for key := range u.Keys {
			if o := (owner{pool, key}); markOf(client, o) == mark {
				return &o
			}
		}
	}
	return nil
}

// markedID is a JSON string that holds a marked id and nothing else.
var markedID = regexp.MustCompile(`"(?:file|batch|resp)[-_][A-Za-z0-9_-]+~[0-9a-f]{8}"`)

// unmark takes the marks off the ids in a request's body and notes whose they
// are. What looks like a mark and is nobody's stays: it is the client's text.
func (g *Gateway) unmark(x *exchange, body []byte) ([]byte, error) {
	if !mayHoldMark(body) {
		return body, nil
	}
	var torn bool
	out := markedID.ReplaceAllFunc(body, func(id []byte) []byte {
		at := len(id) - 1 - markLength
		o := g.ownerOf(x.client.name, string(id[at:len(id)-1]))
		if o == nil {
			return id
		}
		torn = torn || x.pin != nil && *x.pin != *o
		x.pin = o
		return append(bytes.Clone(id[:at]), '"')
	})
	if torn {
		return nil, badRequest(&chat.ParamError{Message: "the request refers to files or responses of different provider accounts, which no key can read together. Upload them anew for this request."})
	}
	return out, nil
}

// unmarkID takes the mark off an id that stands in a path. One without is
// nobody's: to ask all keys for it would tell one client what another's are.
func (g *Gateway) unmarkID(x *exchange, id string) (string, error) {
	if quoted := `"` + id + `"`; markedID.FindString(quoted) == quoted {
		at := len(id) - markLength
		if x.pin = g.ownerOf(x.client.name, id[at:]); x.pin != nil {
			return id[:at], nil
		}
	}
	return "", &apiError{status: 404, kind: "invalid_request_error", code: "not_found", final: true,
		message: "This gateway has given your key no such id. Use ids as they stand in its answers, the part behind ~ too."}
}

// mayHoldMark is a quick look, which spares nearly all bodies the search.
func mayHoldMark(body []byte) bool {
	for {
		i := bytes.IndexByte(body, '~')
		if i < 0 || len(body) < i+markLength+1 {
			return false
		}
		if body[i+markLength] == '"' {
			return true
		}
		body = body[i+1:]
	}
}

// mayUse reports whether the pool holds the key that the request needs.
func (x *exchange) mayUse(pool string) bool { return x.pin == nil || x.pin.pool == pool }

// barred are the keys of a target that the request must not be given: all but
// the one that owns what it refers to.
func (x *exchange) barred(t target) map[string]bool {
	barred := map[string]bool{}
	if x.pin != nil {
		for key := range t.Keys {
			barred[key] = key != x.pin.key
		}
	}
	return barred
}

// ownID is a member of a JSON object that names something that belongs to a key.
var ownID = regexp.MustCompile(`("(?:id|response_id|previous_response_id|file_id|input_file_id|output_file_id|error_file_id|first_id|last_id)"\s*:\s*"(?:file|batch|resp)[-_][A-Za-z0-9_-]+)"`)

// marked puts the mark of the key that answered on the ids in an answer.
func (x *exchange) marked(a *answered, body []byte) []byte {
	if !a.kept {
		return body
	}
	return x.mark(body, owner{a.pool, a.booking.Key})
}

func (x *exchange) mark(body []byte, o owner) []byte {
	for _, prefix := range [...]string{`"file`, `"batch_`, `"resp_`} {
		if bytes.Contains(body, []byte(prefix)) {
			return ownID.ReplaceAll(body, fmt.Appendf(nil, `$1%s"`, markOf(x.client.name, o)))
		}
	}
	return body
}

// elsewhere is for a request that refers to what another provider holds.
func elsewhere(model string) *apiError {
	return &apiError{status: 400, kind: "invalid_request_error", code: "not_here", param: "model", final: true,
		message: fmt.Sprintf("The request refers to a file or response of another provider than that of model %q. Name a model of the provider that holds it.", model)}
}
