// Loans: members ask for books, administrators approve, reject and take back.
import { json, only, redirect, refuse } from "../../core/http.ts";
import type { Answer, Call, Part } from "../../core/http.ts";
import { escaped, page } from "../../core/pages.ts";
import { change, find, insert, list, remove, select } from "../../core/tables.ts";
import type { Row } from "../../core/tables.ts";

type Given = Record<string, unknown>;

const STEPS: Record<string, { from: string; to: string }> = {
  approve: { from: "requested", to: "approved" },
  reject: { from: "requested", to: "rejected" },
  return_loan: { from: "approved", to: "returned" },
};

function isDay(value: unknown): value is string {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
}

/** What of a body is kept; refused unless it is a right loan. */
export function checked({ borrowed_on, due_on, book_id }: Given): Given {
  if (!isDay(borrowed_on)) throw refuse(422, "borrowed_on: give a day.");
  if (!isDay(due_on)) throw refuse(422, "due_on: give a day.");
  if (borrowed_on >= due_on) throw refuse(422, "Due on must be after borrowed on.");
  if (typeof book_id !== "number" || !find("books", book_id)) throw refuse(422, "book_id: there is no such book.");
  return { borrowed_on, due_on, book_id, state: "requested" };
}

/** The loan, if the caller may see it. */
function seen(call: Call): Row {
  const loan = find("loans", call.id);
  if (!loan || (call.account.role === "member" && loan.created_by_id !== call.account.id)) throw refuse(404, "There is no such loan.");
  return loan;
}

function listed(call: Call) {
  const state = call.query.get("state");
  const conditions = [...(call.account.role === "member" ? ["created_by_id = ?"] : []), ...(state ? ["state = ?"] : [])];
  const values = [...(call.account.role === "member" ? [call.account.id] : []), ...(state ? [state] : [])];
  return list("loans", call.query, { where: conditions.join(" AND ") || "1", values, searched: ["state"] });
}

function add(call: Call, body: Given): Row {
  only(call, "member");
  return insert("loans", call.account, checked(body));
}

function take(call: Call, name: string): Row {
  only(call, "administrator");
  const loan = seen(call);
  if (loan.state !== STEPS[name].from) throw refuse(409, `The loan is ${loan.state}.`);
  return change("loans", call.id, { state: STEPS[name].to });
}

function row(loan: Row, mayTake: boolean): string {
  const steps = Object.keys(STEPS).filter((name) => mayTake && STEPS[name].from === loan.state);
  const buttons = steps.map((name) => `<form method="post" action="/loans/${loan.id}/${name}"><button>${name.split("_")[0]}</button></form>`);
  return `<tr><th scope="row">${escaped(find("books", Number(loan.book_id))?.title)}</th>
<td data-label="From">${loan.borrowed_on}</td><td data-label="Until">${loan.due_on}</td>
<td data-label="State"><span class="state">${loan.state}</span></td><td><div class="actions">${buttons.join("")}</div></td></tr>`;
}

function shown(call: Call): string {
  const rows = listed(call).items.map((loan) => row(loan, call.account.role === "administrator"));
  const table = `<table class="rows"><thead><tr><th>Book</th><th>From</th><th>Until</th><th>State</th><th>Next</th></tr></thead>
<tbody>${rows.join("")}</tbody></table>`;
  return `<h1>Loans</h1>${table}${call.account.role === "member" ? asking() : ""}`;
}

function asking(): string {
  const books = select("books").map((book) => `<option value="${book.id}">${escaped(book.title)}</option>`);
  return `<form method="post" action="/loans/new" class="sheet">
<div class="field"><label for="book">Book</label><select id="book" name="book_id">${books.join("")}</select></div>
<div class="field"><label for="from">From</label><input id="from" name="borrowed_on" type="date" required></div>
<div class="field"><label for="until">Until</label><input id="until" name="due_on" type="date" required></div>
<div class="actions"><button class="primary">Ask for it</button></div></form>`;
}

const steps = Object.keys(STEPS).flatMap((name): Part["routes"] => [
  { method: "POST", path: `/api/loans/{id}/${name}`, answer: (call) => json(200, take(call, name)) },
  { method: "POST", path: `/loans/{id}/${name}`, answer: (call): Answer => (take(call, name), redirect("/loans")) },
]);

export const part: Part = {
  routes: [
    ...steps,
    { method: "GET", path: "/api/loans", answer: (call) => json(200, listed(call)) },
    { method: "GET", path: "/api/loans/{id}", answer: (call) => json(200, seen(call)) },
    { method: "POST", path: "/api/loans", answer: (call) => json(201, add(call, call.body)) },
    {
      method: "DELETE",
      path: "/api/loans/{id}",
      answer(call) {
        only(call, "administrator");
        remove("loans", seen(call).id);
        return json(204);
      },
    },
    { method: "GET", path: "/loans", answer: (call) => ({ status: 200, html: page(call.account, "Loans", shown(call)) }) },
    {
      method: "POST",
      path: "/loans/new",
      answer: (call): Answer => (add(call, { ...call.body, book_id: Number(call.body.book_id) }), redirect("/loans")),
    },
  ],
};
