// Command messages drives the official Anthropic SDK for Go against the gateway
// in ANTHROPIC_BASE_URL, with the model in MODEL.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
)

var (
	client = anthropic.NewClient()
	ctx    = context.Background()
	tools  = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
		Name: "get_weather", Description: anthropic.String("Current weather of a city"),
		InputSchema: anthropic.ToolInputSchemaParam{
			Properties: map[string]any{"city": map[string]string{"type": "string"}}, Required: []string{"city"},
		},
	}}}
)

func main() {
	for _, c := range []struct {
		name  string
		check func() error
	}{{"whole", whole}, {"stream", stream}, {"tool", tool}, {"toolStream", toolStream}, {"count", count}, {"badRequest", badRequest}, {"models", models}} {
		if err := c.check(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", c.name, err)
			os.Exit(1)
		}
		fmt.Println("ok", c.name)
	}
}

// ask is a request of one user message.
func ask(text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: os.Getenv("MODEL"), MaxTokens: 500,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

func textOf(m *anthropic.Message) string {
	var text strings.Builder
	for _, block := range m.Content {
		if block, ok := block.AsAny().(anthropic.TextBlock); ok {
			text.WriteString(block.Text)
		}
	}
	return text.String()
}

func whole() error {
	answer, err := client.Messages.New(ctx, ask("Say hello."))
	if err != nil {
		return err
	}
	return greeted(answer)
}

func greeted(answer *anthropic.Message) error {
	if !strings.Contains(textOf(answer), `You wrote: "Say hello."`) || answer.StopReason != "end_turn" || answer.Usage.OutputTokens == 0 {
		return fmt.Errorf("unexpected answer %s", answer.RawJSON())
	}
	return nil
}

func receive(params anthropic.MessageNewParams) (*anthropic.Message, error) {
	s := client.Messages.NewStreaming(ctx, params)
	answer := &anthropic.Message{}
	for s.Next() {
		if err := answer.Accumulate(s.Current()); err != nil {
			return answer, err
		}
	}
	return answer, s.Err()
}

func stream() error {
	answer, err := receive(ask("Say hello."))
	if err != nil {
		return err
	}
	return greeted(answer)
}

func tool() error {
	params := ask("What is the weather in Sydney? Use the tool.")
	params.Tools = tools
	answer, err := client.Messages.New(ctx, params)
	if err != nil {
		return err
	}
	call, err := callOf(answer)
	if err != nil {
		return err
	}
	params.Messages = append(params.Messages, answer.ToParam(),
		anthropic.NewUserMessage(anthropic.NewToolResultBlock(call.ID, "22 degrees", false)))
	final, err := client.Messages.New(ctx, params)
	if err == nil && !strings.Contains(textOf(final), `The tool answered: "22 degrees"`) {
		return fmt.Errorf("unexpected answer to the tool's result: %s", final.RawJSON())
	}
	return err
}

func toolStream() error {
	params := ask("What is the weather in Sydney? Use the tool.")
	params.Tools = tools
	answer, err := receive(params)
	if err != nil {
		return err
	}
	_, err = callOf(answer)
	return err
}

func callOf(answer *anthropic.Message) (anthropic.ToolUseBlock, error) {
	for _, block := range answer.Content {
		call, ok := block.AsAny().(anthropic.ToolUseBlock)
		if !ok {
			continue
		}
		var input map[string]any
		if err := json.Unmarshal(call.Input, &input); err != nil || input["city"] == nil || answer.StopReason != "tool_use" {
			return call, fmt.Errorf("input %s lacks city, or the answer stopped for %s (%v)", call.Input, answer.StopReason, err)
		}
		return call, nil
	}
	return anthropic.ToolUseBlock{}, fmt.Errorf("no call in %s", answer.RawJSON())
}

func count() error {
	params := ask("Say hello.")
	counted, err := client.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{Model: params.Model, Messages: params.Messages})
	if err == nil && counted.InputTokens == 0 {
		return errors.New("counted no tokens")
	}
	return err
}

func badRequest() error {
	params := ask("Say hello.")
	params.MaxTokens = -1
	_, err := client.Messages.New(ctx, params)
	var api *anthropic.Error
	if !errors.As(err, &api) || api.StatusCode != 400 || !strings.Contains(api.RawJSON(), "invalid_request_error") {
		return fmt.Errorf("a negative max_tokens gave %v", err)
	}
	return nil
}

func models() error {
	all := client.Models.ListAutoPaging(ctx, anthropic.ModelListParams{})
	for all.Next() {
		if all.Current().ID == os.Getenv("MODEL") {
			return nil
		}
	}
	return fmt.Errorf("the model list lacks %s (%v)", os.Getenv("MODEL"), all.Err())
}
