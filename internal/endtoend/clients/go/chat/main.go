// Command chat drives the official OpenAI SDK for Go, Chat Completions, against
// the gateway in OPENAI_BASE_URL, with the model in MODEL. It and its neighbours
// are a module of their own: the SDKs would quadruple the shipped binaries.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
)

var (
	model  = os.Getenv("MODEL")
	client = openai.NewClient()
	ctx    = context.Background()
	ask    = []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("You are terse."), openai.UserMessage("Say hello.")}
	askFor = []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is the weather in Sydney? Use the tool.")}
	tools  = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
		Name: "get_weather", Description: openai.String("Current weather of a city"),
		Parameters: shared.FunctionParameters{
			"type": "object", "properties": map[string]any{"city": map[string]string{"type": "string"}}, "required": []string{"city"},
		},
	})}
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

func whole() error {
	answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: model, Messages: ask})
	if err != nil {
		return err
	}
	if c := answer.Choices[0]; c.Message.Content == "" || c.FinishReason != "stop" || answer.Usage.TotalTokens == 0 {
		return fmt.Errorf("unexpected answer %s", answer.RawJSON())
	}
	return nil
}

func stream() error {
	s := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model: model, Messages: ask, StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	})
	acc := openai.ChatCompletionAccumulator{}
	for s.Next() {
		acc.AddChunk(s.Current())
	}
	if s.Err() != nil {
		return s.Err()
	}
	if acc.Choices[0].Message.Content == "" || acc.Usage.CompletionTokens == 0 {
		return fmt.Errorf("unexpected stream %+v", acc.ChatCompletion)
	}
	return nil
}

func tool() error {
	answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: model, Messages: askFor, Tools: tools})
	if err != nil {
		return err
	}
	call := answer.Choices[0].Message.ToolCalls[0]
	if err := hasCity(call.Function.Arguments); err != nil {
		return err
	}
	history := append(askFor[:1:1], answer.Choices[0].Message.ToParam(), openai.ToolMessage("22 degrees", call.ID))
	final, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: model, Messages: history, Tools: tools})
	if err == nil && final.Choices[0].Message.Content == "" {
		return errors.New("no text after the tool's result")
	}
	return err
}

func toolStream() error {
	s := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: model, Messages: askFor, Tools: tools})
	acc := openai.ChatCompletionAccumulator{}
	for s.Next() {
		acc.AddChunk(s.Current())
	}
	if s.Err() != nil {
		return s.Err()
	}
	return hasCity(acc.Choices[0].Message.ToolCalls[0].Function.Arguments)
}

func badRequest() error {
	_, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: model, Messages: nil})
	var api *openai.Error
	if !errors.As(err, &api) || api.StatusCode != 400 || api.Param != "messages" {
		return fmt.Errorf("an empty request gave %v", err)
	}
	return nil
}

func hasCity(arguments string) error {
	var got map[string]any
	if err := json.Unmarshal([]byte(arguments), &got); err != nil {
		return fmt.Errorf("arguments %q: %w", arguments, err)
	}
	if _, ok := got["city"]; !ok {
		return fmt.Errorf("arguments %q lack city", arguments)
	}
	return nil
}
