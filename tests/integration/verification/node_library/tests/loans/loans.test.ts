import { startApp } from "../../core/testing.ts";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";

const app = await startApp();
after(() => app.stop());

const asked = { borrowed_on: "2030-01-01", due_on: "2030-02-01", book_id: 0 };
before(async () => {
  asked.book_id = (await app.call("administrator", "POST", "/api/books", { title: "Dune" })).body.id;
});

test("a loan is approved once and then returned", async () => {
  const { id } = (await app.call("member", "POST", "/api/loans", asked)).body;
  const take = async (step: string) => (await app.call("administrator", "POST", `/api/loans/${id}/${step}`)).status;
  assert.deepEqual([await take("approve"), await take("approve"), await take("return_loan")], [200, 409, 200]);
});

test("another member's loan is not there", async () => {
  const { id } = (await app.call("member", "POST", "/api/loans", asked)).body;
  assert.equal((await app.call("member2", "GET", `/api/loans/${id}`)).status, 404);
});

test("a loan ends after it begins", async () => {
  const { status, body } = await app.call("member", "POST", "/api/loans", { ...asked, due_on: asked.borrowed_on });
  assert.deepEqual([status, body.detail], [422, "Due on must be after borrowed on."]);
});
