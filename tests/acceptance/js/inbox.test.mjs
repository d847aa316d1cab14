// What agent-inbox asks a server: https://github.com/langchain-ai/agent-inbox, its ThreadContext.
import assert from "node:assert/strict";
import { test } from "node:test";

import { all, askingThread, client, GRAPH } from "./server.mjs";

const ACCEPTED = [{ type: "accept", args: null }];

test("the list shows what waits for a person, with its questions", async () => {
  const threadId = await askingThread();
  const listed = await client.threads.search({ status: "interrupted", limit: 100, offset: 0, metadata: { graph_id: GRAPH } });
  const [asked] = Object.values(listed.find((thread) => thread.thread_id === threadId).interrupts);
  assert.deepEqual(asked.map(({ value }) => value), [{ question: "publish?", report: "js#0,js#1" }]);
});

test("the pages of the list follow one another", async () => {
  const mark = crypto.randomUUID();
  const made = [];
  for (let number = 0; number < 3; number++) made.push((await client.threads.create({ metadata: { mark } })).thread_id);
  const pages = [];
  for (const offset of [0, 2]) pages.push(...(await client.threads.search({ metadata: { mark }, limit: 2, offset })));
  assert.deepEqual(pages.map((thread) => thread.thread_id).sort(), made.sort());
});

test("a thread is opened with its questions, also those in its state", async () => {
  const threadId = await askingThread();
  const thread = await client.threads.get(threadId);
  const state = await client.threads.getState(threadId);
  const [[byThread]] = Object.values(thread.interrupts);
  assert.equal(thread.status, "interrupted");
  assert.deepEqual(state.tasks.flatMap((task) => task.interrupts).map(({ id }) => id), [byThread.id]);
});

test("an answer is sent and the graph followed event by event", async () => {
  const threadId = await askingThread();
  const parts = await all(client.runs.stream(threadId, GRAPH, { command: { resume: ACCEPTED }, streamMode: "events" }));
  const names = parts.filter((part) => part.event === "events").map((part) => `${part.data.event} ${part.data.name}`);
  assert.ok(names.includes("on_chain_end finish"), names.join());
  assert.deepEqual((await client.threads.getState(threadId)).values.approved, ACCEPTED);
});

test("an answer is sent without following", async () => {
  const threadId = await askingThread();
  const run = await client.runs.create(threadId, GRAPH, { command: { resume: ACCEPTED } });
  assert.deepEqual((await client.runs.join(threadId, run.run_id)).approved, ACCEPTED);
});

test("a question is ignored by ending the graph", async () => {
  const threadId = await askingThread();
  await client.threads.updateState(threadId, { values: null, asNode: "__end__" });
  assert.deepEqual((await client.threads.getState(threadId)).next, []);
  assert.deepEqual((await client.threads.get(threadId)).status, "idle");
});
