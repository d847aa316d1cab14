// `/` search, `n` new build, `g` then a letter goes to a page, `?` says so. Never while somebody types.

const PAGES = { b: "/builds", i: "/inbox", t: "/templates", a: "/analytics", h: "/health" };
let going = false;

export function listenToKeys() {
  const help = document.getElementById("keys");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (going && PAGES[event.key]) location.assign(PAGES[event.key]);
    else if (event.key === "/") focusSearch(event);
    else if (event.key === "n") location.assign("/builds/new");
    else if (event.key === "?") help.showModal();
    going = event.key === "g";
  });
  document.querySelector("[data-shows-keys]")?.addEventListener("click", () => help.showModal());
}

function focusSearch(event) {
  const search = document.querySelector("input[type=search]");
  event.preventDefault();
  if (search) search.focus();
  else location.assign("/builds");
}
