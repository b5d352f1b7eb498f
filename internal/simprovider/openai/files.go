package openai

import (
	"encoding/json"
	"time"
)

// File is an uploaded file, or the output of a batch.
type File struct {
	ID, Name, Purpose string
	Data              []byte
	Created           time.Time
	// Owner is the organisation's name; it is not shown.
	Owner string
}

// JSON is the file as clients see it.
func (f File) JSON() []byte {
	return marshal(map[string]any{"id": f.ID, "object": "file", "bytes": len(f.Data), "created_at": f.Created.Unix(),
		"filename": f.Name, "purpose": f.Purpose, "status": "processed"})
}

// Batch is a batch that is done.
type Batch struct {
	ID, Endpoint, Input, Output string
	Created                     time.Time
	Total                       int
	// Owner is the organisation's name; it is not shown.
	Owner string
}

// JSON is the batch as clients see it.
func (b Batch) JSON() []byte {
	return marshal(map[string]any{"id": b.ID, "object": "batch", "endpoint": b.Endpoint, "input_file_id": b.Input, "completion_window": "24h",
		"status": "completed", "output_file_id": b.Output, "error_file_id": nil, "created_at": b.Created.Unix(), "completed_at": b.Created.Unix(),
		"request_counts": map[string]int{"total": b.Total, "completed": b.Total, "failed": 0}})
}

// Line is the result of one request, as a line of the output file.
func (b Batch) Line(customID string, status int, body []byte) []byte {
	return append(marshal(map[string]any{"id": b.ID + "_" + customID, "custom_id": customID, "error": nil,
		"response": map[string]any{"status_code": status, "request_id": "req_" + b.ID, "body": json.RawMessage(body)}}), '\n')
}
