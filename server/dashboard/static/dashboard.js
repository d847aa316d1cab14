// What scripts add to pages that work without them: liveness, keys, copying, and forms that submit themselves.

import { bringUpToDate, follow } from "./live.js";
import { listenToKeys } from "./keys.js";
import { readWhileTyping } from "./reading.js";

follow();
listenToKeys();
readWhileTyping();

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const shown = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = shown), 1200);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-submit-on-change] select")) event.target.form.requestSubmit();
});

// A form that is sent twice would be refused the second time: the first one stands.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  for (const button of event.target.querySelectorAll("button")) setTimeout(() => (button.disabled = true));
});

// The page may come from the browser's memory, older than what it shows.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

export { bringUpToDate };
