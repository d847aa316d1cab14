// Keep the page up to date: hear that something changed, fetch the page again, and replace only what differs.
// The server renders every page, so a live page and a loaded one cannot disagree.

import { fill, hear } from "./texts.js";

const QUIET_MS = 250; // changes that come together are fetched together
const RETRY_MS = [1000, 2000, 4000, 8000];

let stream = null;
let pending = null;
let failures = 0;
let lastText = null;

export function follow() {
  const main = document.querySelector("main");
  if (main.dataset.changes) listen(main.dataset.changes);
  if (main.dataset.pollSeconds) setInterval(() => document.hidden || bringUpToDate(), 1000 * main.dataset.pollSeconds);
  document.addEventListener("visibilitychange", () => document.hidden || !(main.dataset.changes || main.dataset.pollSeconds) || bringUpToDate());
}

function listen(url) {
  stream?.close();
  stream = new EventSource(url);
  // Not put off by what follows: a build that changes all the time is still shown four times a second.
  stream.addEventListener("changed", () => (pending ??= setTimeout(() => ((pending = null), bringUpToDate()), QUIET_MS)));
  stream.addEventListener("text", (event) => ((lastText = event.lastEventId), hear(event)));
  stream.addEventListener("open", () => say(""));
  stream.addEventListener("error", () => {
    say("Not connected. What you see may be old; trying again.");
    stream.close();
    setTimeout(async () => (await bringUpToDate(), listen(goingOn(document.querySelector("main").dataset.changes ?? url))), retryMs());
  });
}

// Texts go on after the last piece that was heard, whatever the page knows: nothing is missed or written twice.
function goingOn(url) {
  const address = new URL(url, location.href);
  if (lastText && address.searchParams.has("after")) address.searchParams.set("after", lastText);
  return address;
}

function retryMs() {
  return RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)];
}

function say(words) {
  const place = document.getElementById("connection");
  if (place.textContent !== words) place.textContent = words;
}

export async function bringUpToDate() {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  } catch {
    say("Not connected. What you see may be old; trying again.");
    return;
  }
  if (!answer.ok) return;
  failures = 0;
  say("");
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = fresh.title;
  for (const selector of ["main", "nav.rail"]) update(document.querySelector(selector), fresh.querySelector(selector));
  fill();
}

// Make `old` like `fresh`, touching only what differs: focus, scroll, opened details and what was typed stay.
function update(old, fresh) {
  if (!old || !fresh || old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.matches("[data-keep], dialog")) return;
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !(name === "open" && old.matches("details"))) old.removeAttribute(name);
  if (old.matches("input, textarea, select")) return;
  updateChildren(old, fresh);
}

function updateChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, index) => {
    const present = old.childNodes[index];
    const known = node.id ? [...old.children].find((child) => child.id === node.id) : null;
    if (known && known !== present) old.insertBefore(known, present ?? null);
    const here = old.childNodes[index];
    if (here) update(here, node);
    else mark(old.appendChild(document.importNode(node, true)));
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function mark(node) {
  if (node.nodeType === Node.ELEMENT_NODE) node.classList.add("changed");
}
