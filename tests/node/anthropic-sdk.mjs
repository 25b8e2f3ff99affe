// A program written with Anthropic's library, as people write them: it names no credential. For each line that it
// reads it makes one request, and says in a line of JSON how that ended. It stays one process from first to last.

import { createInterface } from "node:readline";

import Anthropic from "@anthropic-ai/sdk";

let client;

for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "ask") break;
  let said;
  try {
    client ??= new Anthropic({ maxRetries: 0 });
    const message = await client.messages.create({
      model: "claude-practice-1",
      max_tokens: 8,
      messages: [{ role: "user", content: "Hello" }],
    });
    said = { said: message.content[0].text };
  } catch (error) {
    said = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(said) + "\n");
}
