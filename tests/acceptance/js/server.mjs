// The server under test, its client, and threads to begin with. tests/acceptance/test_javascript_clients.py says where it is.
import { Client } from "@langchain/langgraph-sdk";

export const apiUrl = process.env.APPYARD_URL;
export const client = new Client({ apiUrl, apiKey: null });
export const GRAPH = "toy";
export const input = { topic: "js", n: 2 };

/** A thread on which nothing ran yet. */
export async function newThread(metadata = {}) {
  return (await client.threads.create({ metadata })).thread_id;
}

/** A thread whose graph asks a person. */
export async function askingThread() {
  const threadId = await newThread();
  await client.runs.wait(threadId, GRAPH, { input });
  return threadId;
}

/** Everything a stream sends. */
export async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** The values a stream ends with. */
export async function lastValues(stream) {
  return (await all(stream)).findLast((part) => part.event === "values").data;
}
