package estimate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// pdf is shaped as a browser prints one: page objects between their contents.
func pdf(pages, contents int) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R /PageLayout /SinglePage>> endobj\n")
	for i := range pages {
		fmt.Fprintf(&b, "%d 0 obj\n<</Type /Page\n/Parent 2 0 R>>\nendobj\nstream\n%s\nendstream\n", i+3, strings.Repeat("~", contents))
	}
	return []byte(b.String() + "2 0 obj <</Type /Pages /Count 3>> endobj")
}

func TestFiles(t *testing.T) {
	t.Parallel()
	page := func(n int64) estimate.Size { return estimate.Size{Fixed: n * plain.Page} }
	raw := func(data string) string { return `{"type":"file","file":{"file_data":"` + data + `"}}` }
	hidden := func(size int) []byte { return append([]byte("%PDF-1.7\n"), make([]byte, size)...) }
	tests := []struct {
		name, part string
		want       estimate.Size
	}{
		{"one page", filePart(pdf(1, 100)), page(1)},
		{"seven pages", filePart(pdf(7, 1000)), page(7)},
		{"pages without a space", filePart([]byte("%PDF-1.4 <</Type/Page/Parent 1 0 R>> <</Type/Page>> <</Type/Pages/Kids[]>>")), page(2)},
		{"pages hidden by compression", filePart(hidden(500_000)), page(25)},
		{"a short one of that kind", filePart(hidden(100)), page(1)},
		{"more pages than may be sent", filePart(pdf(1000, 0)), page(600)},
		{"a tree in the beginning, all pages before their contents", filePart([]byte("%PDF-1.3 1 0 obj <</Kids [3 0 R] /Count 40 /Type /Pages>> " + strings.Repeat("<</Type /Page>> ", 40) + strings.Repeat("x", 200_000))), page(40)},
		{"a tree at the end", filePart(append(hidden(299_998), "2 0 obj<</Type/Pages/Count 123/Kids[3 0 R]>>"...)), page(123)},
		{"a tree of two levels", filePart([]byte("%PDF-1.4 <</Kids[]/Count 8>> <</Kids[]/Count 9>> <</Kids[]/Count 17>>")), page(17)},
		{"a count of bookmarks", filePart([]byte("%PDF-1.4 <</Type /Outlines /Count 55>> <</Type /Page>>")), page(1)},
		{"a tree that lies", filePart([]byte("%PDF-1.4 <</Kids[]/Count 99999999999999999999>>")), page(600)},
		{"a count of closed bookmarks", filePart([]byte("%PDF-1.4 /Kids /Count -12 /Page ")), page(1)},
		{"base64 without a scheme", raw(encode(pdf(2, 10))), page(2)},
		{"a name at the end", filePart([]byte("%PDF-1.4 /Page")), page(1)},
		{"stored by the provider", `{"type":"file","file":{"file_id":"file-abc"}}`, page(10)},
		{"no file at all", `{"type":"file","file":{"filename":"x"}}`, estimate.Size{}},
		{"text", raw("data:text/plain;base64," + encode([]byte(strings.Repeat("x", 300)))), estimate.Size{Text: 300}},
		{"sound", `{"type":"input_audio","input_audio":{"format":"mp3","data":"` + strings.Repeat("AAAA", 16_000) + `"}}`, estimate.Size{Fixed: 30}},
		{"sound that is none", `{"type":"input_audio","input_audio":["x"]}`, estimate.Size{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := measurePart(t, tt.part, plain); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// Of a long document the pages are counted only in the beginning.
func TestPagesOfALongFile(t *testing.T) {
	t.Parallel()
	got := measurePart(t, filePart(pdf(200, 4000)), estimate.Formula{Page: 1}).Fixed
	if got < 180 || got > 220 {
		t.Errorf("got %d pages, want 200 within a tenth", got)
	}
}
