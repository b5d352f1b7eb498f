package preset

import (
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

// local are servers that people run themselves. They are looked for on this
// machine unless base_url says otherwise, and ignore the key unless they were
// started with one.
var local = map[string]Preset{
	"ollama": {
		Source: "docs.ollama.com: api/openai-compatibility, faq", Read: "2026-11",
		Server: openai.Config{
			BaseURL: "http://127.0.0.1:11434/v1",
			APIs:    []provider.API{provider.Responses, provider.Completions, provider.Embeddings},
			Limits:  []openai.Limit{},
		},
	},
	"vllm": {
		Source: "docs.vllm.ai: serving/openai_compatible_server", Read: "2026-11",
		Server: openai.Config{
			BaseURL: "http://127.0.0.1:8000/v1",
			APIs: []provider.API{provider.Responses, provider.Completions, provider.Embeddings,
				provider.Transcriptions, provider.Translations, provider.Rerank},
			Limits: []openai.Limit{},
		},
	},
}
