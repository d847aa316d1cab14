// What agents write, piece by piece, into the boxes of the page. A box holds what was written up to the event it names;
// pieces are kept, because a box may come with the page that is just being fetched.

const heard = [];

export function hear(event) {
  const piece = JSON.parse(event.data);
  heard.push(piece);
  for (const box of boxes()) write(box, piece);
}

export function fill() {
  for (const box of boxes()) for (const piece of heard) write(box, piece);
}

function boxes() {
  return document.querySelectorAll("pre[data-source]");
}

function write(box, piece) {
  if (box.dataset.source !== piece.source || piece.seq <= Number(box.dataset.seq)) return;
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  const anew = box.dataset.answer && box.dataset.answer !== piece.answer;
  const text = piece.text.replaceAll("\\n", "\n").replaceAll('\\"', '"'); // most answers are JSON: as what it stands for
  box.append(anew ? `\n\n${text}` : text);
  box.dataset.seq = piece.seq;
  box.dataset.answer = piece.answer;
  if (atEnd) box.scrollTop = box.scrollHeight;
}
