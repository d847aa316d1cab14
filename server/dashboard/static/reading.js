// While a description is typed, show what the built-in reader understands of it. The form is sent as it stands; the
// answer is a piece of HTML that the server made.

const PAUSE_MS = 350;

export function readWhileTyping() {
  const form = document.querySelector("form[data-reads]");
  if (!form) return;
  const place = document.querySelector(form.dataset.readsInto);
  let pending, asked = 0;
  const read = async () => {
    const mine = ++asked;
    let answer;
    try {
      answer = await fetch(form.dataset.reads, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    } catch {
      return;
    }
    const html = await answer.text();
    if (mine === asked && answer.ok) place.innerHTML = html;
  };
  form.elements.app_description.addEventListener("input", () => (clearTimeout(pending), (pending = setTimeout(read, PAUSE_MS))));
  if (form.elements.app_description.value.trim()) read();
}
