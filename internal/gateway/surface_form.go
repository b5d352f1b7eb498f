package gateway

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
)

const (
	// maxFormParts bounds the parts of a form; OpenAI's forms have a dozen.
	maxFormParts = 64
	// maxFormValue bounds a value that is read: a model's name, true or false.
	maxFormValue = 512
)

// parseForm reads a request whose body is a multipart form. Only its two fields
// that concern the gateway are looked at; the audio stays where it is.
func parseForm(api provider.API) func([]byte, http.Header) (request, error) {
	return func(body []byte, header http.Header) (request, error) {
		kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
			return nil, formError("", "the body must be a multipart/form-data form, with its boundary in Content-Type")
		}
		values, err := formValues(multipart.NewReader(bytes.NewReader(body), params["boundary"]), "model", "stream")
		if err != nil {
			return nil, err
		}
		if err := chat.CheckModel(gjson.Result{Type: gjson.String, Str: values["model"]}); err != nil {
			return nil, err
		}
		return nativeRequest{NativeRequest: provider.NativeRequest{
			API: api, Body: body, Model: values["model"], Stream: values["stream"] == "true", Header: header,
		}}, nil
	}
}

// formValues reads some fields of a form. One that is given twice is refused:
// readers differ in which they take.
func formValues(form *multipart.Reader, names ...string) (map[string]string, error) {
	values := map[string]string{}
	for range maxFormParts {
		part, err := form.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			return values, nil
		case err != nil:
			return nil, formError("", "the multipart form is broken")
		}
		name := part.FormName()
		for _, wanted := range names {
			if name != wanted {
				continue
			}
			if _, twice := values[name]; twice {
				return nil, formError(name, "is given twice; send it once")
			}
			value, err := io.ReadAll(io.LimitReader(part, maxFormValue+1))
			if err != nil || len(value) > maxFormValue {
				return nil, formError(name, "is too long or broken off")
			}
			values[name] = string(value)
		}
	}
	return nil, formError("", "the multipart form has too many parts")
}

func formError(param, message string) error {
	return &chat.ParamError{Param: param, Message: message}
}
