// The official Anthropic SDK for Node against the gateway in
// ANTHROPIC_BASE_URL, with the model in MODEL.
// Each check throws when something is off; the process then exits with 1.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";

const model = process.env.MODEL;
const ask = { model, max_tokens: 500, messages: [{ role: "user", content: "Say hello." }] };
const askTool = {
  ...ask,
  messages: [{ role: "user", content: "What is the weather in Sydney? Use the tool." }],
  tools: [{ name: "get_weather", description: "Current weather of a city",
    input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }],
};
const client = new Anthropic();

// Models that think put their thoughts before the text.
const textOf = (answer) => answer.content.map((block) => block.text ?? "").join("");

function callOf(answer) {
  assert.equal(answer.stop_reason, "tool_use");
  const call = answer.content.find((block) => block.type === "tool_use");
  assert.equal(call?.name, "get_weather");
  assert.ok("city" in call.input);
  return call;
}

const checks = {
  async whole() {
    const answer = await client.messages.create({ ...ask, system: "You are terse." });
    assert.ok(textOf(answer).includes('You wrote: "Say hello."'), textOf(answer));
    assert.equal(answer.stop_reason, "end_turn");
    assert.ok(answer.usage.output_tokens > 0);
  },
  async stream() {
    let text = "";
    const stream = client.messages.stream(ask).on("text", (delta) => { text += delta; });
    const answer = await stream.finalMessage();
    assert.ok(text.includes('You wrote: "Say hello."'), text);
    assert.equal(text, textOf(answer));
  },
  async tool() {
    const answer = await client.messages.create(askTool);
    const result = { type: "tool_result", tool_use_id: callOf(answer).id, content: "22 degrees" };
    const messages = [...askTool.messages, { role: "assistant", content: answer.content }, { role: "user", content: [result] }];
    const final = await client.messages.create({ ...askTool, messages });
    assert.ok(textOf(final).includes('The tool answered: "22 degrees"'), textOf(final));
  },
  async toolStream() {
    callOf(await client.messages.stream(askTool).finalMessage());
  },
  async count() {
    const counted = await client.messages.countTokens({ model, messages: ask.messages });
    assert.ok(counted.input_tokens > 0);
  },
  async badRequest() {
    const messages = [{ role: "nobody", content: "x" }];
    await assert.rejects(client.messages.create({ ...ask, messages }),
      (e) => e instanceof Anthropic.BadRequestError && e.error.error.type === "invalid_request_error");
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
