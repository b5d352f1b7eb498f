package secret

import "context"

// Role returns the source of aws:role, which reads nothing and always gives
// text: the word by which a dialect knows that it should sign with the AWS
// credentials of the process.
//
// It is the reference to prefer wherever a provider takes such credentials: on
// Lambda they are those of the function's role, which nobody has to create,
// store or rotate. Use another one for an API key of Bedrock or of Claude
// Platform on AWS, or for access keys of an account that the process has no role
// in.
func Role(text string) Source { return fixed(text) }

type fixed string

var _ Source = fixed("")

func (f fixed) Read(context.Context, string) (string, error) { return string(f), nil }
