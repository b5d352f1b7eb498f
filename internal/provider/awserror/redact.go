package awserror

import (
	"regexp"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// private is what AWS's texts say about the account behind the pool: resource
// names (with the account and the role in them), account numbers and access key
// ids.
var private = regexp.MustCompile(`arn:aws[\w-]*:[^\s"',;)]+|\b\d{12}\b|\bA(?:KIA|SIA|ROA|IDA)[A-Z0-9]{12,}`)

// Redact returns text without what names the account behind the pool, for
// messages that are shown to clients. What upstream.Redact finds goes as well.
func Redact(text string) string {
	return upstream.Redact(private.ReplaceAllString(text, "[redacted]"))
}
