package sigv4

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Role is the secret of a key that stands for the process's own AWS
// credentials. It is no secret: a configuration that names the role holds
// nothing that could leak.
const Role = "aws-role"

// parseStatic reads "AKID:SECRET" or "AKID:SECRET:TOKEN". None of the three can
// hold a colon, and no API key does.
func parseStatic(text string) (aws.Credentials, bool) {
	id, rest, ok := strings.Cut(text, ":")
	if !ok || !isAccessKeyID(id) {
		return aws.Credentials{}, false
	}
	key, token, _ := strings.Cut(rest, ":")
	if key == "" {
		return aws.Credentials{}, false
	}
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: key, SessionToken: token}, true
}

// isAccessKeyID reports whether s can be an access key's id: 16 to 128 letters
// and digits. (AWS docs, IAM, AccessKey; upper-case ones in fact, but emulators
// are less strict.)
func isAccessKeyID(s string) bool {
	if len(s) < 16 || len(s) > 128 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}
