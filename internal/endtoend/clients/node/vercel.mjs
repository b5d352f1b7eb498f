// Vercel's AI SDK against the gateway in OPENAI_BASE_URL, with the model in
// MODEL: by all three of its providers that speak an API of Fallow's.
// Each check throws when something is off; the process then exits with 1.
import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

// All of them want the version in the URL, Anthropic's too.
const settings = { baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY };
const name = process.env.MODEL;
const models = {
  responses: createOpenAI(settings)(name),
  chat: createOpenAI(settings).chat(name),
  messages: createAnthropic(settings)(name),
  compatible: createOpenAICompatible({ name: "fallow", includeUsage: true, ...settings })(name),
};
// Without store: false, Vercel's provider for OpenAI refers to what it was answered instead of sending it, and only
// OpenAI keeps that.
const common = { providerOptions: { openai: { store: false } }, maxOutputTokens: 500 };
const ask = { ...common, system: "You are terse.", prompt: "Say hello." };
const askTool = {
  ...common,
  prompt: "What is the weather in Sydney? Use the tool.",
  tools: { get_weather: tool({
    description: "Current weather of a city", inputSchema: z.object({ city: z.string() }),
    execute: async () => "22 degrees" }) },
  stopWhen: stepCountIs(3),
};

const checks = {
  async whole(model) {
    const { text, finishReason, usage } = await generateText({ model, ...ask });
    assert.ok(text.includes('You wrote: "Say hello."'), text);
    assert.equal(finishReason, "stop");
    assert.ok(usage.outputTokens > 0);
  },
  async stream(model) {
    const result = streamText({ model, ...ask });
    let text = "";
    for await (const part of result.textStream) text += part;
    assert.ok(text.includes('You wrote: "Say hello."'), text);
    assert.ok((await result.usage).outputTokens > 0);
  },
  async tool(model) {
    const { text, steps } = await generateText({ model, ...askTool });
    assert.equal(steps.length, 2);
    assert.ok(text.includes("22 degrees"), text);
  },
  async toolStream(model) {
    const result = streamText({ model, ...askTool });
    let text = "";
    for await (const part of result.textStream) text += part;
    assert.equal((await result.steps).length, 2);
    assert.ok(text.includes("22 degrees"), text);
  },
};

for (const [api, model] of Object.entries(models)) {
  for (const [check, run] of Object.entries(checks)) {
    await run(model);
    console.log("ok", api, check);
  }
}
