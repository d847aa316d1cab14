// useStream as agent-chat-ui uses it, https://github.com/langchain-ai/agent-chat-ui: in React, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useStream } from "@langchain/langgraph-sdk/react";
import { createElement, useEffect, useState } from "react";
import { create } from "react-test-renderer";

import { apiUrl, askingThread, client, GRAPH } from "./server.mjs";

const LIKE_THE_CHAT = { streamMode: ["values"], streamSubgraphs: true, streamResumable: true };
const said = (text) => ({ messages: [{ id: crypto.randomUUID(), type: "human", content: [{ type: "text", text }] }], topic: text, n: 2 });

/** A page that shows one chat: `chat.stream` is what the hook returned last; `until` waits until it is as told. */
async function openChat(test, options) {
  const chat = { waiting: [] };
  chat.until = (holds) => new Promise((done) => chat.waiting.push({ holds, done }));
  chat.submit = async (values, details = LIKE_THE_CHAT) => {
    await chat.stream.submit(values, details);
    await chat.until((stream) => !stream.isLoading);
  };
  function Chat() {
    const [threadId, setThreadId] = useState(options.threadId);
    const [tick, setTick] = useState(0);
    chat.threadId = threadId;
    chat.stream = useStream({ apiUrl, assistantId: GRAPH, fetchStateHistory: true, ...options, threadId, onThreadId: setThreadId });
    useEffect(() => {
      for (const one of chat.waiting.filter(({ holds }) => holds(chat.stream))) one.done();
      const timer = setTimeout(() => setTick(tick + 1), 20);
      return () => clearTimeout(timer);
    });
    return null;
  }
  const page = create(createElement(Chat));
  test.after(() => page.unmount());
  await chat.until((stream) => !stream.isThreadLoading);
  return chat;
}

const texts = (chat) => chat.stream.messages.map((message) => (typeof message.content === "string" ? message.content : message.content[0].text));

test("a first message makes a thread; the answer, the question and what follows it are shown", async (t) => {
  const chat = await openChat(t, { threadId: null });
  await chat.submit(said("hello"));
  assert.deepEqual(texts(chat), ["hello", "draft: hello#0,hello#1"]);
  assert.deepEqual(chat.stream.interrupt.value, { question: "publish?", report: "hello#0,hello#1" });
  await chat.submit(undefined, { ...LIKE_THE_CHAT, command: { resume: "yes" } });
  assert.deepEqual(texts(chat), ["hello", "draft: hello#0,hello#1", "done: yes"]);
  assert.equal(chat.stream.interrupt, undefined);
});

test("a chat that is opened again shows its history", async (t) => {
  const chat = await openChat(t, { threadId: await askingThread() });
  assert.deepEqual(texts(chat), ["draft: js#0,js#1"]);
  assert.deepEqual(chat.stream.interrupt.value, { question: "publish?", report: "js#0,js#1" });
});

test("an answer is generated once more from before it", async (t) => {
  const threadId = await askingThread();
  const chat = await openChat(t, { threadId });
  const before = chat.stream.getMessagesMetadata(chat.stream.messages[0]).firstSeenState.parent_checkpoint;
  await chat.submit(undefined, { ...LIKE_THE_CHAT, checkpoint: before });
  assert.deepEqual(texts(chat), ["draft: js#0,js#1"]);
  assert.equal((await client.runs.list(threadId)).length, 2);
});

test("a chat that is stopped stops its run", async (t) => {
  const chat = await openChat(t, { threadId: null });
  const submitted = chat.stream.submit({ ...said("slow"), sleep: 50 }, { streamMode: ["values"] });
  await chat.until((stream) => stream.values.n === 2);
  await chat.stream.stop();
  await submitted;
  const [run] = await client.runs.list(chat.threadId);
  await client.runs.join(chat.threadId, run.run_id);
  assert.equal((await client.runs.get(chat.threadId, run.run_id)).status, "interrupted");
});

test("a page that is loaded again goes on with the run under way", async (t) => {
  const threadId = (await client.threads.create()).thread_id;
  const run = await client.runs.create(threadId, "steps", {
    input: { n: 4, sleep: 0.1, taken: [] }, streamMode: ["values"], streamResumable: true,
  });
  const chat = await openChat(t, { threadId, assistantId: "steps" });
  await chat.stream.joinStream(run.run_id, "-1");
  assert.deepEqual(chat.stream.values.taken, [1, 2, 3, 4]);
});

test("the list of threads shows how each began", async () => {
  const threadId = await askingThread();
  const listed = await client.threads.search({ metadata: { graph_id: GRAPH }, limit: 100 });
  assert.deepEqual(listed.find((thread) => thread.thread_id === threadId).values.messages.map(({ content }) => content), ["draft: js#0,js#1"]);
});
