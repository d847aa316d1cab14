// Books: everybody looks at them, administrators keep them.
import { json, only, redirect, refuse } from "../../core/http.ts";
import type { Call, Part } from "../../core/http.ts";
import { escaped, page } from "../../core/pages.ts";
import { change, find, insert, list, remove } from "../../core/tables.ts";
import type { Row } from "../../core/tables.ts";

type Given = Record<string, unknown>;

function there(id: number): Row {
  const book = find("books", id);
  if (!book) throw refuse(404, "There is no such book.");
  return book;
}

/** What of a body is kept; refused unless the book would be right with it. */
export function checked(body: Given, before: Given = {}): Given {
  const { title, number_of_pages: pages = null } = { ...before, ...body };
  if (typeof title !== "string" || !title.trim()) throw refuse(422, "title: give a text.");
  if (pages !== null && !(Number.isInteger(pages) && Number(pages) >= 0)) throw refuse(422, "number_of_pages: a whole number from 0.");
  return { title, number_of_pages: pages };
}

function listed(call: Call): string {
  const { items, total } = list("books", call.query, { searched: ["title"] });
  const rows = items.map(
    (book) => `<tr><th scope="row"><a href="/books/${book.id}">${escaped(book.title)}</a></th>
<td class="number" data-label="Pages">${escaped(book.number_of_pages)}</td></tr>`,
  );
  const table = `<table class="rows"><thead><tr><th>Title</th><th>Pages</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
  return `<h1>${total} books</h1>${table}${call.account.role === "administrator" ? ADDING : ""}`;
}

const ADDING = `<form method="post" action="/books/new" class="sheet">
<div class="field"><label for="title">Title</label><input id="title" name="title" required></div>
<div class="field"><label for="pages">Pages</label><input id="pages" name="number_of_pages" type="number" min="0"></div>
<div class="actions"><button class="primary">Add a book</button></div></form>`;

function shown(book: Row): string {
  return `<p><a href="/books">Books</a></p><h1>${escaped(book.title)}</h1><p class="muted">${escaped(book.number_of_pages ?? "?")} pages</p>`;
}

export const part: Part = {
  routes: [
    { method: "GET", path: "/api/books", answer: (call) => json(200, list("books", call.query, { searched: ["title"] })) },
    { method: "GET", path: "/api/books/{id}", answer: (call) => json(200, there(call.id)) },
    {
      method: "POST",
      path: "/api/books",
      answer(call) {
        only(call, "administrator");
        return json(201, insert("books", call.account, checked(call.body)));
      },
    },
    {
      method: "PATCH",
      path: "/api/books/{id}",
      answer(call) {
        only(call, "administrator");
        return json(200, change("books", call.id, checked(call.body, there(call.id))));
      },
    },
    {
      method: "DELETE",
      path: "/api/books/{id}",
      answer(call) {
        only(call, "administrator");
        remove("books", there(call.id).id);
        return json(204);
      },
    },
    { method: "GET", path: "/books", answer: (call) => ({ status: 200, html: page(call.account, "Books", listed(call)) }) },
    { method: "GET", path: "/books/{id}", answer: (call) => ({ status: 200, html: page(call.account, "Book", shown(there(call.id))) }) },
    {
      method: "POST",
      path: "/books/new",
      answer(call) {
        only(call, "administrator");
        const { title, number_of_pages: pages } = call.body;
        insert("books", call.account, checked({ title, number_of_pages: pages ? Number(pages) : null }));
        return redirect("/books");
      },
    },
  ],
};
