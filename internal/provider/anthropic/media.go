package anthropic

import (
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
	mediaType, ok := imageTypes[kind]
	if !ok {
		return dst, paramError(path, "%s, not %q", wantImage, kind)
	}
	return appendBase64(dst, "image", mediaType, data), nil
}

// appendFile translates a file that came with the request.
func appendFile(dst []byte, file gjson.Result) ([]byte, error) {
	if given(file.Get("file_id")) {
		return dst, paramError(".file.file_id", "stored files belong to one key of the pool; send the file as file_data")
	}
	kind, data, ok := parseDataURL(file.Get("file_data").Str)
	if !ok || kind != "application/pdf" {
		return dst, paramError(".file.file_data", "must be a data: URL with a base64 PDF (data:application/pdf;base64,…)")
	}
	return appendBase64(dst, "document", kind, data), nil
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
