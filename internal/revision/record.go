package revision

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fallow-dev/fallow/internal/store"
)

// The attributes of a revision's item.
const (
	attrNumber   = "number"
	attrHash     = "hash"
	attrAuthor   = "author"
	attrAt       = "at" // ms since the epoch
	attrNote     = "note"
	attrSource   = "source"
	attrRollback = "rollback_to"
	attrForm     = "form" // formPlain or formGzip
	attrMark     = "mark" // by which a writer knows its own write again
	attrText     = "text" // followed by _1 to _4: the parts, to be joined
)

// The forms of a stored text. One that fits is stored as it is, so that it can
// be read in the AWS console on a bad day.
const (
	formPlain = "plain"
	formGzip  = "gzip+base64"
)

const (
	// maxParts bounds the text's share of an item to 256 KiB, of the 400 KB
	// that one may have (Amazon DynamoDB Developer Guide, "Quotas").
	maxParts = 4
	// maxText bounds what is unpacked, so that a damaged item costs no memory.
	// config takes far smaller documents only.
	maxText = 1 << 20
)

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func partAttr(i int) string { return fmt.Sprintf("%s_%d", attrText, i+1) }

// assigns writes the whole item anew: what an earlier revision had more of, in
// parts of the text, is removed.
func (e Entry) assigns(mark string) ([]store.Assign, error) {
	form, parts, err := pack(e.Text)
	if err != nil {
		return nil, err
	}
	do := []store.Assign{
		store.Set(attrNumber, store.Num(e.Number)), store.Set(attrHash, store.Text(e.Hash)),
		store.Set(attrAuthor, store.Text(e.Author)), store.Set(attrAt, store.Num(e.At.UnixMilli())),
		store.Set(attrNote, store.Text(e.Note)), store.Set(attrSource, store.Text(e.Source)),
		store.Set(attrRollback, store.Num(e.RollbackTo)), store.Set(attrForm, store.Text(form)),
		store.Set(attrMark, store.Text(mark)),
	}
	for i := range maxParts {
		if i < len(parts) {
			do = append(do, store.Set(partAttr(i), store.Text(parts[i])))
		} else {
			do = append(do, store.Remove(partAttr(i)))
		}
	}
	return do, nil
}

// pack turns a text into the parts that are stored.
func pack(text []byte) (form string, parts []string, err error) {
	form, stored := formPlain, string(text)
	if len(text) > store.MaxTextBytes || !utf8.Valid(text) {
		form, stored = formGzip, compress(text)
	}
	if most := maxParts * store.MaxTextBytes; len(stored) > most {
		return "", nil, fmt.Errorf("the document takes %d KiB of the table's item even when compressed, %d are allowed: split the deployment in two",
			len(stored)>>10, most>>10)
	}
	for len(stored) > store.MaxTextBytes {
		parts, stored = append(parts, stored[:store.MaxTextBytes]), stored[store.MaxTextBytes:]
	}
	return form, append(parts, stored), nil
}

func compress(text []byte) string {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = z.Write(text)                                    // a bytes.Buffer takes everything
	_ = z.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func unpack(form, stored string) ([]byte, error) {
	switch form {
	case formPlain:
		return []byte(stored), nil
	case formGzip:
		z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(stored)))
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(io.LimitReader(z, maxText+1))
		if len(text) > maxText {
			err = fmt.Errorf("it unpacks to more than %d bytes", maxText)
		}
		return text, err
	}
	return nil, fmt.Errorf("its form %q is not known; a newer program wrote it", form)
}

// entryOf reads an item that has a revision.
func entryOf(item store.Item) (Entry, error) {
	e := Entry{Revision: revisionOf(item)}
	var stored strings.Builder
	for i := range maxParts {
		stored.WriteString(item.Str(partAttr(i)))
	}
	text, err := unpack(item.Str(attrForm), stored.String())
	if err == nil && hashOf(text) != e.Hash {
		err = errors.New("its text does not have the hash that it was written with")
	}
	if err != nil {
		return Entry{}, fmt.Errorf("revision %d cannot be read: %w", e.Number, err)
	}
	e.Text = text
	return e, nil
}

func revisionOf(item store.Item) Revision {
	return Revision{
		Number: item.Int(attrNumber), Hash: item.Str(attrHash), Author: item.Str(attrAuthor),
		At: time.UnixMilli(item.Int(attrAt)).UTC(), Note: item.Str(attrNote), Source: item.Str(attrSource),
		RollbackTo: item.Int(attrRollback),
	}
}
