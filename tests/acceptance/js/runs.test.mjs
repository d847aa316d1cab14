// Runs, streams and threads through the client of @langchain/langgraph-sdk.
import assert from "node:assert/strict";
import { test } from "node:test";

import { all, askingThread, client, GRAPH, input, lastValues, newThread } from "./server.mjs";

test("a stream tells the ids of its run, then values, messages and what is asked", async () => {
  const threadId = await newThread();
  const created = [];
  const parts = await all(
    client.runs.stream(threadId, GRAPH, {
      input,
      streamMode: ["values", "messages-tuple", "custom"],
      streamSubgraphs: true,
      onRunCreated: (run) => created.push(run),
    }),
  );
  const [run] = await client.runs.list(threadId);
  assert.deepEqual(created, [{ run_id: run.run_id, thread_id: threadId }]);
  assert.deepEqual(new Set(parts.map((part) => part.event)), new Set(["metadata", "values", "messages", "custom", "end"]));
  const { __interrupt__: asked } = parts.findLast((part) => part.event === "values").data;
  assert.deepEqual(asked[0].value, { question: "publish?", report: "js#0,js#1" });
});

test("a client that goes and comes back misses nothing", async () => {
  const threadId = await newThread();
  const given = { n: 4, sleep: 0.1, taken: [] };
  const details = { input: given, streamMode: ["values", "updates"], streamResumable: true, onDisconnect: "continue" };
  const before = [];
  for await (const part of client.runs.stream(threadId, "steps", details)) {
    before.push(part);
    if (part.event === "updates") break;
  }
  const runId = before[0].data.run_id;
  const after = await all(client.runs.joinStream(threadId, runId, { lastEventId: before.at(-1).id }));
  const everything = await all(client.runs.joinStream(threadId, runId, { lastEventId: "-1" }));
  assert.deepEqual([...before, ...after], everything);
  assert.deepEqual(
    everything.filter((part) => part.event === "updates").map((part) => part.data.step.taken),
    [[1], [2], [3], [4]],
  );
});

test("a run is stopped, and one that waits behind it begins", async () => {
  const threadId = await newThread();
  const first = await client.runs.create(threadId, GRAPH, { input: { ...input, sleep: 50 } });
  const second = await client.runs.create(threadId, GRAPH, { input: { ...input, topic: "second", sleep: 0 }, multitaskStrategy: "enqueue" });
  assert.equal((await client.runs.get(threadId, second.run_id)).status, "pending");
  await client.runs.cancel(threadId, first.run_id, true);
  const values = await client.runs.join(threadId, second.run_id);
  assert.equal(values.topic, "second");
  assert.equal((await client.runs.get(threadId, first.run_id)).status, "interrupted");
});

test("a run begins at an earlier checkpoint", async () => {
  const threadId = await askingThread();
  const history = await client.threads.getHistory(threadId, { limit: 20 });
  const { thread_id: _, ...checkpoint } = history.find((state) => state.next[0] === "join").checkpoint;
  const values = await lastValues(client.runs.stream(threadId, GRAPH, { input: null, checkpoint, streamMode: ["values"] }));
  assert.equal(values.__interrupt__.length, 1);
  assert.ok((await client.threads.getHistory(threadId, { limit: 50 })).length > history.length);
});

test("threads are copied and counted", async () => {
  const mark = crypto.randomUUID();
  const copied = await client.threads.copy(await askingThread());
  await newThread({ mark });
  assert.deepEqual((await client.threads.getState(copied.thread_id)).next, ["approve"]);
  assert.equal(await client.threads.count({ metadata: { mark } }), 1);
});

for (const transport of ["sse", "websocket"]) {
  test(`the thread protocol begins a run, answers it and tells its end over ${transport}`, async () => {
    const stream = client.threads.stream(await newThread(), { assistantId: GRAPH, transport });
    const events = await stream.subscribe(["lifecycle", "input", "values", "custom"]);
    await stream.run.start({ input });
    const asked = await untilItRests(events);
    const { interrupt_id, payload } = asked.find(({ method }) => method === "input.requested").data;
    assert.deepEqual(payload, { question: "publish?", report: "js#0,js#1" });
    await stream.input.respond({ namespace: [], interrupt_id, response: "yes" });
    const answered = await untilItRests(events);
    await stream.close();
    assert.deepEqual(kinds(asked), ["custom", "input.requested", "lifecycle interrupted", "lifecycle running", "values"]);
    assert.deepEqual(kinds(answered), ["lifecycle completed", "lifecycle running", "values"]);
    assert.equal((await client.threads.getState(stream.threadId)).values.approved, "yes");
  });
}

/** The events of a subscription; the SDK pauses it when the graph rests. */
async function untilItRests(events) {
  return (await all(events)).map(({ method, params }) => ({ method, data: params.data }));
}

const kinds = (seen) => [...new Set(seen.map(({ method, data }) => (method === "lifecycle" ? `lifecycle ${data.event}` : method)))].sort();
