import { startApp } from "../../core/testing.ts";
import { after, test } from "node:test";
import assert from "node:assert/strict";

const app = await startApp();
after(() => app.stop());

test("an administrator keeps books and members look at them", async () => {
  const { status, body } = await app.call("administrator", "POST", "/api/books", { title: "Dune", number_of_pages: 612 });
  assert.deepEqual([status, body.title, body.number_of_pages], [201, "Dune", 612]);
  assert.equal((await app.call("member", "GET", `/api/books/${body.id}`)).body.title, "Dune");
});

test("members add no books", async () => {
  assert.equal((await app.call("member", "POST", "/api/books", { title: "Dune" })).status, 403);
});

test("a book needs a title", async () => {
  assert.equal((await app.call("administrator", "POST", "/api/books", {})).status, 422);
});
