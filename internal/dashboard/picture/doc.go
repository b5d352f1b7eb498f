// Package picture draws the CloudWatch dashboard as SVG from log lines: the
// same lines that CloudWatch makes metrics of, read by the same rules, put into
// the widgets of the same board. So a picture of it needs no AWS account, and
// shows nothing that a run has not sent.
//
// What AWS measures by itself (Lambda, DynamoDB, alarms) is not in the lines;
// those widgets say so.
package picture
