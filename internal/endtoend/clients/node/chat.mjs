// The official OpenAI SDK for Node, Chat Completions, against the gateway in
// OPENAI_BASE_URL, with the model in MODEL.
// Each check throws when something is off; the process then exits with 1.
import assert from "node:assert/strict";
import OpenAI from "openai";

const model = process.env.MODEL;
const tools = [{ type: "function", function: {
  name: "get_weather", description: "Current weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } }];
const ask = [{ role: "system", content: "You are terse." }, { role: "user", content: "Say hello." }];
const askTool = [{ role: "user", content: "What is the weather in Sydney? Use the tool." }];
const client = new OpenAI();

const checks = {
  async whole() {
    const { data, response } = await client.chat.completions.create({ model, messages: ask }).withResponse();
    assert.ok(data.choices[0].message.content);
    assert.equal(data.choices[0].finish_reason, "stop");
    assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
    assert.match(response.headers.get("x-fallow-request-id"), /^req_/);
  },
  async stream() {
    let text = "", usage;
    const options = { model, messages: ask, stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await client.chat.completions.create(options)) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.ok(text);
    assert.ok(usage.completion_tokens > 0);
  },
  async tool() {
    const answer = await client.chat.completions.create({ model, messages: askTool, tools });
    const message = answer.choices[0].message;
    const [call] = message.tool_calls;
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    assert.ok("city" in JSON.parse(call.function.arguments));
    const messages = [...askTool, message, { role: "tool", tool_call_id: call.id, content: "22 degrees" }];
    const final = await client.chat.completions.create({ model, messages, tools });
    assert.ok(final.choices[0].message.content);
  },
  async toolStream() {
    const final = await client.chat.completions.stream({ model, messages: askTool, tools }).finalChatCompletion();
    assert.ok("city" in JSON.parse(final.choices[0].message.tool_calls[0].function.arguments));
  },
  async badRequest() {
    const messages = [{ role: "nobody", content: "x" }];
    await assert.rejects(client.chat.completions.create({ model, messages }),
      (e) => e instanceof OpenAI.BadRequestError && e.param === "messages[0].role");
  },
  async models() {
    const ids = [];
    for await (const m of client.models.list()) ids.push(m.id);
    assert.ok(ids.includes(model), ids.join());
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log("ok", name);
}
