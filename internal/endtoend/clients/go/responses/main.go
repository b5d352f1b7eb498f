// Command responses drives the official OpenAI SDK for Go, Responses, against
// the gateway in OPENAI_BASE_URL, with the model in MODEL.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
)

var (
	client = openai.NewClient()
	ctx    = context.Background()
	tools  = []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{
		Name: "get_weather", Description: openai.String("Current weather of a city"), Strict: openai.Bool(false),
		Parameters: map[string]any{
			"type": "object", "properties": map[string]any{"city": map[string]string{"type": "string"}}, "required": []string{"city"},
		},
	}}}
)

func main() {
	for _, c := range []struct {
		name  string
		check func() error
	}{{"whole", whole}, {"stream", stream}, {"tool", tool}, {"toolStream", toolStream}, {"badRequest", badRequest}} {
		if err := c.check(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", c.name, err)
			os.Exit(1)
		}
		fmt.Println("ok", c.name)
	}
}

// ask is a request with one line of input.
func ask(input string) responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: os.Getenv("MODEL"), Store: openai.Bool(false),
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(input)},
	}
}

func whole() error {
	answer, err := client.Responses.New(ctx, ask("Say hello."))
	if err != nil {
		return err
	}
	if !strings.Contains(answer.OutputText(), `You wrote: "Say hello."`) || answer.Status != "completed" || answer.Usage.TotalTokens == 0 {
		return fmt.Errorf("unexpected answer %s", answer.RawJSON())
	}
	return nil
}

// receive returns the text of a stream and the response in its last event.
func receive(params responses.ResponseNewParams) (string, responses.Response, error) {
	s := client.Responses.NewStreaming(ctx, params)
	var text strings.Builder
	var last responses.ResponseStreamEventUnion
	for s.Next() {
		last = s.Current()
		if delta, ok := last.AsAny().(responses.ResponseTextDeltaEvent); ok {
			text.WriteString(delta.Delta)
		}
	}
	if s.Err() == nil && last.Type != "response.completed" {
		return "", last.Response, fmt.Errorf("the stream ended with %s", last.RawJSON())
	}
	return text.String(), last.Response, s.Err()
}

func stream() error {
	text, answer, err := receive(ask("Say hello."))
	if err == nil && (text == "" || text != answer.OutputText()) {
		return fmt.Errorf("the deltas say %q, the end %q", text, answer.OutputText())
	}
	return err
}

func tool() error {
	params := ask("What is the weather in Sydney? Use the tool.")
	params.Tools = tools
	answer, err := client.Responses.New(ctx, params)
	if err != nil {
		return err
	}
	call, err := callOf(*answer)
	if err != nil {
		return err
	}
	history := responses.ResponseInputParam{responses.ResponseInputItemParamOfMessage(params.Input.OfString.Value, "user")}
	for _, item := range answer.Output {
		// As it came: what the SDK does not know of it must go back too.
		history = append(history, param.Override[responses.ResponseInputItemUnionParam](json.RawMessage(item.RawJSON())))
	}
	result := responses.ResponseInputItemParamOfFunctionCallOutput("22 degrees")
	result.OfFunctionCallOutput.CallID = openai.String(call.CallID)
	params.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: append(history, result)}
	final, err := client.Responses.New(ctx, params)
	if err == nil && !strings.Contains(final.OutputText(), `The tool answered: "22 degrees"`) {
		return fmt.Errorf("unexpected answer to the tool's result: %s", final.RawJSON())
	}
	return err
}

func toolStream() error {
	params := ask("What is the weather in Sydney? Use the tool.")
	params.Tools = tools
	_, answer, err := receive(params)
	if err != nil {
		return err
	}
	_, err = callOf(answer)
	return err
}

func badRequest() error {
	params := ask("Say hello.")
	params.MaxOutputTokens = openai.Int(-1)
	_, err := client.Responses.New(ctx, params)
	var api *openai.Error
	if !errors.As(err, &api) || api.StatusCode != 400 || api.Type != "invalid_request_error" {
		return fmt.Errorf("a negative max_output_tokens gave %v", err)
	}
	return nil
}

func callOf(answer responses.Response) (responses.ResponseFunctionToolCall, error) {
	for _, item := range answer.Output {
		call, ok := item.AsAny().(responses.ResponseFunctionToolCall)
		if !ok {
			continue
		}
		var arguments map[string]any
		if err := json.Unmarshal([]byte(call.Arguments), &arguments); err != nil || arguments["city"] == nil {
			return call, fmt.Errorf("arguments %q lack city (%v)", call.Arguments, err)
		}
		return call, nil
	}
	return responses.ResponseFunctionToolCall{}, fmt.Errorf("no call in %s", answer.RawJSON())
}
