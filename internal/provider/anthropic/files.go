package anthropic

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

const wantFile = "must be a data: URL with a base64 PDF (data:application/pdf;base64,…) or text (data:text/plain;base64,…)"

// appendFile translates a file: one that came with the request, one on the web,
// or one that is stored at the provider. A stored file belongs to a workspace,
// so all keys of a pool that is sent such files should be of one.
func appendFile(dst []byte, file gjson.Result, s *seen) ([]byte, error) {
	if id := file.Get("file_id"); given(id) {
		return appendFileID(dst, id, file, s)
	}
	kind, data, ok := parseDataURL(file.Get("file_data").Str)
	switch {
	case ok && kind == "application/pdf":
		dst = appendBase64(dst, "document", kind, data)
	case ok && strings.HasPrefix(kind, "text/"):
		text, err := base64.StdEncoding.DecodeString(data)
		if err != nil || !utf8.Valid(text) || strings.TrimSpace(string(text)) == "" {
			return dst, paramError(".file.file_data", "must be UTF-8 text in base64")
		}
		dst = append(next(dst), `{"type":"document","source":{"type":"text","media_type":"text/plain","data":`...)
		dst = append(gjson.AppendJSONString(dst, string(text)), "}}"...)
	default:
		return dst, paramError(".file.file_data", wantFile)
	}
	return appendTitle(dst, file.Get("filename")), nil
}

func appendFileID(dst []byte, id, file gjson.Result, s *seen) ([]byte, error) {
	if !isString(id) || id.Str == "" {
		return dst, paramError(".file.file_id", "must be a string")
	}
	source, block := `{"type":"file","file_id":`, "document"
	if hasScheme(id.Str, "https:") {
		source = `{"type":"url","url":`
	} else {
		s.files = true
	}
	if strings.HasPrefix(file.Get("format").Str, "image/") {
		block = "image"
	}
	dst = append(append(append(next(dst), `{"type":"`...), block...), `","source":`...)
	return append(append(append(dst, source...), id.Raw...), "}}"...), nil
}

// appendTitle names the document that dst ends in.
func appendTitle(dst []byte, name gjson.Result) []byte {
	if !isString(name) || isBlank(name) {
		return dst
	}
	dst = append(dst[:len(dst)-1], `,"title":`...)
	return append(append(dst, name.Raw...), '}')
}
