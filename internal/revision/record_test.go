package revision

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
)

func TestPackRefusesWhatAnItemCannotHold(t *testing.T) {
	t.Parallel()
	text := make([]byte, 200<<10)
	_, _ = rand.Read(text)
	if _, _, err := pack(text); err == nil || !strings.Contains(err.Error(), "266 KiB") || !strings.Contains(err.Error(), "256 are allowed") {
		t.Errorf("got %v, want an error with both sizes", err)
	}
	if _, err := (Entry{Text: text}).assigns(""); err == nil {
		t.Error("an item was made of it")
	}
}

// TestUnpackIsBounded: a few bytes can stand for gigabytes.
func TestUnpackIsBounded(t *testing.T) {
	t.Parallel()
	bomb := compress(make([]byte, maxText+1))
	if _, err := unpack(formGzip, bomb); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v, want an error about the size", err)
	}
}

func FuzzPack(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("version: 1\n"))
	f.Add([]byte{0xff, 0xfe})
	f.Add(bytes.Repeat([]byte("ü"), 40_000)) // a part may end within a character
	f.Fuzz(func(t *testing.T, text []byte) {
		form, parts, err := pack(text)
		if err != nil {
			return // larger than any document
		}
		for _, p := range parts {
			if err := (store.Change{Do: []store.Assign{store.Set("text_1", store.Text(p))}}).Validate(); err != nil {
				t.Errorf("a part cannot be stored: %v", err)
			}
		}
		if got, err := unpack(form, strings.Join(parts, "")); err != nil || !bytes.Equal(got, text) {
			t.Errorf("got %d bytes, %v; want the %d that were packed", len(got), err, len(text))
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(formGzip, compress([]byte("version: 1\n")))
	f.Add(formGzip, "H4sI")
	f.Add(formPlain, "version: 1\n")
	f.Fuzz(func(t *testing.T, form, stored string) {
		if text, err := unpack(form, stored); err == nil && form == formGzip && len(text) > maxText {
			t.Errorf("unpacked %d bytes", len(text))
		}
	})
}
