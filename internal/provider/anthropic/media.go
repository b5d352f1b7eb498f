package anthropic

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// imageTypes are what the Messages API reads. (Anthropic docs,
// build-with-claude/vision.)
var imageTypes = map[string]string{
	"image/jpeg": "image/jpeg", "image/png": "image/png", "image/gif": "image/gif", "image/webp": "image/webp",
	"image/jpg": "image/jpeg", // no registered name, but a common one
}

const wantImage = "must be an https:// URL or a data: URL with a base64 JPEG, PNG, GIF or WebP image"

// appendImage translates image_url: an object with a url, or just the url.
// "detail" has no counterpart; the model sees every image whole.
func appendImage(dst []byte, image gjson.Result) ([]byte, error) {
	path, url := ".image_url", image
	if image.IsObject() {
		path, url = ".image_url.url", image.Get("url")
	}
	if !isString(url) {
		return dst, paramError(path, wantImage)
	}
	if hasScheme(url.Str, "https:") {
		dst = append(append(next(dst), `{"type":"image","source":{"type":"url","url":`...), url.Raw...)
		return append(dst, "}}"...), nil
	}
	kind, data, ok := parseDataURL(url.Str)
	if !ok {
		return dst, paramError(path, wantImage)
	}
	kind = imageType(kind, image.Get("format").Str, data)
	mediaType, ok := imageTypes[kind]
	if !ok {
		return dst, paramError(path, "%s, not %q", wantImage, kind)
	}
	return appendBase64(dst, "image", mediaType, data), nil
}

// imageType decides what an image is: what its first bytes say, since the
// provider refuses an image that is not what it is called; else the format that
// the client gave it by name, and else its URL's.
func imageType(url, format, data string) string {
	const head = 32 // characters, enough for every magic number
	raw, _ := base64.StdEncoding.DecodeString(data[:min(head, len(data)/4*4)])
	if found := http.DetectContentType(raw); imageTypes[found] != "" {
		return found
	}
	if format != "" {
		return format
	}
	return url
}

func appendBase64(dst []byte, block, mediaType, data string) []byte {
	dst = append(append(next(dst), `{"type":"`...), block...)
	dst = append(append(dst, `","source":{"type":"base64","media_type":"`...), mediaType...)
	dst = append(append(dst, `","data":"`...), data...)
	return append(dst, `"}}`...)
}

// parseDataURL takes data:TYPE;base64,DATA apart. DATA is checked to be of
// base64's letters, so that it can be put between quotes as it is.
func parseDataURL(url string) (mediaType, data string, ok bool) {
	if !hasScheme(url, "data:") {
		return "", "", false
	}
	head, data, ok := strings.Cut(url[len("data:"):], ",")
	if !ok || data == "" || !isBase64(data) {
		return "", "", false
	}
	params := strings.Split(strings.ToLower(head), ";")
	if params[len(params)-1] != "base64" {
		return "", "", false
	}
	return params[0], data, true
}

func hasScheme(url, scheme string) bool {
	return len(url) > len(scheme) && strings.EqualFold(url[:len(scheme)], scheme)
}

func isBase64(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		if c := s[i]; c != '+' && c != '/' && (c == '_' || c == '-' || !isWordByte(c)) {
			return false
		}
	}
	return true
}
