// Package awsfront serves an http.Handler behind a Lambda function URL whose
// invoke mode is RESPONSE_STREAM.
//
// It stands in for aws-lambda-go's own lambdaurl, which knows no Flush, gives
// base64 bodies a ContentLength of 0, passes the invocation's deadline on
// without a margin and lets a panic take the process down in mid-stream.
//
// # When a client has its answer
//
// A Lambda stream carries no Content-Length, so a client that reads a plain
// JSON body waits for the end of the stream. The stream ends when the handler
// returns. Work that nobody waits for, such as settling a booking, therefore
// goes to [After]: it runs once the runtime has posted the end of the answer,
// and before the runtime asks for the next invocation, which is the moment
// from which Lambda may freeze the process. A goroutine left behind would be
// frozen at any point; the same work at the end of the handler would be waited
// for by every client.
//
// # Who has gone away
//
// Lambda does not tell a function that its client hung up (AWS docs,
// configuration-response-streaming). The request's context ends when the
// handler returns, when the runtime stops reading, or a margin before the
// invocation's deadline; [context.Cause] tells which.
package awsfront
