// The browser of all pieces: search, filters, sorting, a piano roll and sound on click.
const ROWS = 7;
const FIELDS = ["title", "corpus", "meter", "key", "tune type", "split", "reason"];
let pieces = null;
let pieceNotes = null;
let offsets = null;
let found = [];
let rowsShown = ROWS;
let order = { column: "title", rising: true };

const field = (name) => document.getElementById(`pieces-${name.replace(" ", "-")}`);
const text = (name, row) => pieces[name].values[pieces[name].rows[row]];

async function loadPieces() {
  pieces = await unpackJson("pieces-table");
  pieceNotes = await unpack("pieces-notes");
  offsets = [0];
  for (const voices of pieces.notes) offsets.push(offsets.at(-1) + voices.reduce((sum, n) => sum + n, 0));
  pieces.search = pieces.piece_id.map((name, row) => `${text("title", row)} ${name}`.toLowerCase());
  pieces.ranks = {};
  for (const name of FIELDS.slice(1)) {
    const select = field(name);
    const values = pieces[name].values.filter((value) => value);
    select.append(...values.map((value) => new Option(value, String(pieces[name].values.indexOf(value)))));
    select.closest("label").hidden = values.length === 0;
  }
  for (const button of document.querySelectorAll("#pieces-rows button.order")) {
    const { column } = button.dataset;
    if (pieces[column].values.every((value) => !value)) button.closest("th").hidden = true;
  }
  showPieces();
}

// Places of all rows in the order of a column, computed once.
function ranks(column) {
  if (!pieces.ranks[column]) {
    const collator = new Intl.Collator("en", { numeric: true });
    const values = pieces[column].values;
    const sorted = values.map((_, place) => place)
      .sort((a, b) => (values[a] === "") - (values[b] === "") || collator.compare(values[a], values[b]));
    const rank = new Int32Array(values.length);
    sorted.forEach((place, index) => { rank[place] = index; });
    pieces.ranks[column] = rank;
  }
  return pieces.ranks[column];
}

function matching() {
  const words = field("search").value.toLowerCase().split(/\s+/).filter((word) => word);
  const chosen = FIELDS.slice(1).map((name) => [pieces[name].rows, field(name).value]).filter(([, value]) => value !== "");
  const rows = [];
  for (let row = 0; row < pieces.piece_id.length; row += 1) {
    if (chosen.every(([column, value]) => column[row] === Number(value))
      && words.every((word) => pieces.search[row].includes(word))) rows.push(row);
  }
  const rank = ranks(order.column);
  const column = pieces[order.column].rows;
  const sign = order.rising ? 1 : -1;
  return rows.sort((a, b) => sign * (rank[column[a]] - rank[column[b]]) || a - b);
}

function showPieces() {
  found = matching();
  const body = document.querySelector("#pieces-rows tbody");
  body.replaceChildren(...found.slice(0, rowsShown).map(rowOf));
  const total = pieces.piece_id.length.toLocaleString("en").replaceAll(",", "\u2009");
  const n = found.length.toLocaleString("en").replaceAll(",", "\u2009");
  document.getElementById("pieces-status").textContent = `${n} of ${total} ${pieces.piece_id.length === 1 ? "piece" : "pieces"}`;
  document.getElementById("pieces-more").hidden = found.length <= rowsShown;
  for (const button of document.querySelectorAll("#pieces-rows button.order")) {
    const header = button.closest("th");
    if (button.dataset.column === order.column) header.setAttribute("aria-sort", order.rising ? "ascending" : "descending");
    else header.removeAttribute("aria-sort");
  }
}

function rowOf(row) {
  const line = document.createElement("tr");
  for (const name of FIELDS) {
    if (pieces[name].values.every((value) => !value)) continue;
    const cell = line.insertCell();
    if (name !== "title") { cell.textContent = text(name, row); continue; }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "piece";
    button.dataset.row = row;
    button.textContent = text("title", row) || pieces.piece_id[row];
    cell.append(button);
  }
  return line;
}

// Notes [begin, end, pitch, voice, class] of a piece, times in quarter notes.
function notesOf(row) {
  const half = pieceNotes.length / 2;
  const step = 1 / pieces.per_quarter[row];
  const notes = [];
  let place = offsets[row];
  pieces.notes[row].forEach((n, voice) => {
    let time = 0;
    for (let k = 0; k < n; k += 1, place += 1) {
      const pitch = pieceNotes[place];
      const end = time + pieceNotes[half + place] * step;
      if (pitch >= 128 && notes.length) notes.at(-1)[1] = end;
      else if (pitch > 0 && pitch < 128) notes.push([time, end, pitch, voice, voice % 2 ? "truth" : "prompt"]);
      time = end;
    }
  });
  return notes;
}

function showPiece(row) {
  stop();
  const panel = document.getElementById("pieces-shown");
  const title = text("title", row) || pieces.piece_id[row];
  const facts = [pieces.piece_id[row], ...FIELDS.slice(1).map((name) => text(name, row))].filter((value) => value);
  const heading = Object.assign(document.createElement("h4"), { textContent: title });
  const line = Object.assign(document.createElement("p"), { className: "facts", textContent: facts.join(" · ") });
  const notes = notesOf(row);
  panel.replaceChildren(heading, line);
  panel.hidden = false;
  if (!notes.length) {
    panel.append(Object.assign(document.createElement("p"), { textContent: "This piece was rejected before it had notes on a grid." }));
    return;
  }
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "play main", textContent: "Play" });
  button.setAttribute("aria-label", `Play ${title}`);
  button.setAttribute("aria-pressed", "false");
  const roll = svgElement("svg", { class: "roll", role: "img", "aria-label": `Piano roll of ${title}: ${notes.length} ${notes.length === 1 ? "note" : "notes"}` });
  panel.append(button, roll);
  drawRoll(roll, [notes]);
  const start = () => play(button, notes, { rolls: [roll] });
  button.addEventListener("click", () => (playing !== null && playing.button === button ? stop() : start()));
  requestAnimationFrame(() => setTimeout(start)); // the piano roll is painted first
}

function search() {
  rowsShown = ROWS;
  showPieces();
}

if (document.getElementById("pieces-table") !== null) {
  document.querySelectorAll(".filters input, .filters select").forEach((input) => input.addEventListener("input", search));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches("#pieces-rows .order")) {
      const { column } = button.dataset;
      order = { column, rising: order.column !== column || !order.rising };
      showPieces();
    } else if (button?.matches("#pieces-rows .piece")) showPiece(Number(button.dataset.row));
    else if (button?.id === "pieces-more") { rowsShown += 10 * ROWS; showPieces(); }
  });
  ready.then(() => (globalThis.requestIdleCallback ?? setTimeout)(() => { pieces ?? loadPieces(); }));
}
