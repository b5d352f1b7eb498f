package estimate_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// seen returns the picture that Measure makes of a content part.
func seen(tb tester, part string) (got estimate.Picture, images int) {
	tb.Helper()
	measurePart(tb, part, estimate.Formula{Image: func(p estimate.Picture) int64 {
		got, images = p, images+1
		return 0
	}})
	return got, images
}

// TestGoldenImages reads the beginnings of real files, whose names end in their
// dimensions, as three kinds of clients send them.
func TestGoldenImages(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/images/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d golden images, error %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stem := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		var want estimate.Picture
		if _, err := fmt.Sscanf(stem[strings.LastIndex(stem, "_"):], "_%dx%d", &want.Width, &want.Height); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		text := encode(data)
		for name, url := range map[string]string{
			"plain":               "data:image/x;base64," + text,
			"capitals":            "DATA:image/x;charset=x;BASE64," + text,
			"slashes escaped":     strings.ReplaceAll("data:image/x;base64,"+text, "/", `\/`),
			"lines broken":        "data:image/x;base64," + breakLines(text, `\r\n`),
			"longer than a chunk": "data:image/x;base64," + encode(append(bytes.Clone(data), make([]byte, 9000)...)),
		} {
			t.Run(stem+"/"+name, func(t *testing.T) {
				t.Parallel()
				if got, _ := seen(t, imagePart(url)); got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			})
		}
	}
}

func breakLines(text, end string) string {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + end)
		text = text[76:]
	}
	return b.String() + text
}

func TestUnreadablePictures(t *testing.T) {
	t.Parallel()
	full := estimate.Picture{Width: 1920, Height: 1080}
	jpeg := func(rest string) string { return "data:image/jpeg;base64," + encode([]byte("\xff\xd8"+rest)) }
	segment := "\xff\xe1\xff\xff" + strings.Repeat("x", 0xffff-2)
	frame := "\xff\xc0\x00\x11\x08\x00\x07\x00\x09"
	tests := []struct {
		name, url string
		want      estimate.Picture
	}{
		{"by URL", "https://example.com/a.png", full},
		{"no base64", "data:image/svg+xml,<svg>", full},
		{"empty data", "data:image/png;base64,", full},
		{"not base64", "data:image/png;base64,!!!!", full},
		{"a comma far away", "data:" + strings.Repeat("x", 300) + ";base64,AAAA", full},
		{"another format", "data:image/bmp;base64," + encode([]byte("BM"+strings.Repeat("x", 100))), full},
		{"a PNG cut short", "data:image/png;base64," + encode([]byte("\x89PNG\r\n\x1a\n1234")), full},
		{"a WebP of an unknown kind", "data:image/webp;base64," + encode([]byte("RIFF1234WEBPVP9X"+strings.Repeat("x", 30))), full},
		{"a GIF without width", "data:image/gif;base64," + encode([]byte("GIF89a\x00\x00\x07\x00")), full},
		{"a JPEG's first frame", jpeg(frame), estimate.Picture{Width: 9, Height: 7}},
		{"fill before a marker", jpeg("\xff\xff\xff" + frame), estimate.Picture{Width: 9, Height: 7}},
		{"tables before the frame", jpeg("\xff\xc4\x00\x04zz" + frame), estimate.Picture{Width: 9, Height: 7}},
		{"metadata of less than 64 KiB", jpeg("\xff\xe1\xf0\x00" + strings.Repeat("x", 0xf000-2) + frame), estimate.Picture{Width: 9, Height: 7}},
		{"metadata of more than 64 KiB", jpeg(segment + segment + frame), full},
		{"a scan without a frame", jpeg("\xff\xda\x00\x04zz" + frame), full},
		{"a segment shorter than its length", jpeg("\xff\xe1\x00\x01" + frame), full},
		{"a frame cut short", jpeg("\xff\xc0\x00\x11\x08\x00\x07\x00"), full},
		{"nothing after the start", jpeg(""), full},
		{"base64 that breaks in the middle", jpeg("\xff\xe1\x00\x10") + "!" + encode([]byte(frame)), full},
		{"an escape at the end", jpeg("\xff\xe1\x00\x10") + `\n`, full},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, images := seen(t, imagePart(tt.url))
			if got != tt.want || images != 1 {
				t.Errorf("got %+v in %d images, want %+v in one", got, images, tt.want)
			}
		})
	}
}

func TestImageParts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, part string
		images     int
		low        bool
	}{
		{"just the url", `{"type":"image_url","image_url":"https://a"}`, 1, false},
		{"detail before the url", `{"type":"image_url","image_url":{"detail":"low","url":"https://a"}}`, 1, true},
		{"detail after the url", `{"type":"image_url","image_url":{"url":"https://a","detail":"low"}}`, 1, true},
		{"other details", `{"type":"image_url","image_url":{"url":"https://a","detail":"high","x":[{}]}}`, 1, false},
		{"no url", `{"type":"image_url","image_url":{"detail":"low"}}`, 0, false},
		{"a url that is none", `{"type":"image_url","image_url":{"url":{"url":"https://a"}}}`, 0, false},
		{"an image in a file part", `{"type":"file","file":{"file_data":"` + encode([]byte("GIF89a\x05\x00\x05\x00")) + `"}}`, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, images := seen(t, tt.part)
			if images != tt.images || got.Low != tt.low {
				t.Errorf("%d images, low %v, want %d, %v", images, got.Low, tt.images, tt.low)
			}
		})
	}
}

// FuzzPicture holds the reading of dimensions against the standard library,
// where that understands the file.
func FuzzPicture(f *testing.F) {
	files, err := filepath.Glob("testdata/images/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x02\xff\xc2\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, images := seen(t, imagePart("data:image/x;base64,"+encode(data)))
		if images != 1 || got.Width <= 0 || got.Height <= 0 {
			t.Fatalf("%d images, %+v", images, got)
		}
		c, kind, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || c.Width == 0 || c.Height == 0 || len(data) > 60<<10 {
			return
		}
		if kind == "jpeg" && !strictJPEG(data) {
			return
		}
		if got.Width != c.Width || got.Height != c.Height {
			t.Errorf("got %+v, the standard library reads %dx%d of a %s", got, c.Width, c.Height, kind)
		}
	})
}

// strictJPEG reports whether a JPEG is free of what the standard library forgives
// between segments, which real files do not have: stray bytes, and markers
// without a segment.
func strictJPEG(data []byte) bool {
	for i := 2; i+4 <= len(data); {
		switch {
		case data[i] != 0xff || data[i+1] == 0xff || data[i+1] <= 1 || 0xd0 <= data[i+1] && data[i+1] <= 0xd8:
			return false
		case data[i+1] == 0xc0 || data[i+1] == 0xc1 || data[i+1] == 0xc2:
			return true
		}
		i += 2 + int(data[i+2])<<8 + int(data[i+3])
	}
	return false
}
