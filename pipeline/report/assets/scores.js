// Unpacks the scores, draws piano rolls, fills folds when they open, and connects the buttons of cards.
const CLASSES = ["prompt", "truth", "generated", "shared", "broken"];

async function unpack(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackJson(id) {
  return JSON.parse(new TextDecoder().decode(await unpack(id)));
}

let scores = {};
const ready = unpackJson("scores").then((found) => { scores = found; });

function svgElement(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Draws layers of notes [begin, end, pitch, voice, class] into a piano roll.
function drawRoll(roll, layers, bars = []) {
  const notes = layers.flat();
  if (!notes.length) return;
  const low = Math.min(...notes.map((note) => note[2])) - 1.5;
  const high = Math.max(...notes.map((note) => note[2])) + 1.5;
  const end = Math.max(...notes.map((note) => note[1]));
  roll.setAttribute("viewBox", `0 0 ${end} ${high - low}`);
  roll.setAttribute("preserveAspectRatio", "none");
  const parts = [];
  for (let pitch = Math.ceil(low / 12) * 12; pitch < high; pitch += 12) {
    parts.push(svgElement("line", { x1: 0, x2: end, y1: high - pitch + 0.5, y2: high - pitch + 0.5 }));
  }
  for (const bar of bars) parts.push(svgElement("line", { x1: bar, x2: bar, y1: 0, y2: high - low }));
  for (const [from, to, pitch, voice, name] of notes) {
    const gap = Math.min(0.06, (to - from) / 4);
    const place = { x: from, y: high - pitch - 0.45, width: to - from - gap, height: 0.9, class: name, "data-voice": voice };
    parts.push(svgElement("rect", place));
  }
  roll.replaceChildren(...parts);
}

function nowLine(roll) {
  const height = roll.viewBox.baseVal.height;
  const line = svgElement("line", { class: "now", x1: 0, x2: 0, y1: 0, y2: height });
  roll.append(line);
  return line;
}

function rollOfScores(roll) {
  const found = roll.dataset.scores.split(" ").map((key) => scores[key]).filter((score) => score);
  const layers = found.map((score, place) =>
    score.notes.filter((note) => note[4] !== 0 || place === 0)
      .map(([from, to, pitch, voice, origin]) => [from, to, pitch, voice, CLASSES[origin]]));
  drawRoll(roll, layers);
}

function shown(element) {
  return element.closest("details:not([open])") === null && element.closest("[hidden]") === null;
}

function fill() {
  for (const sheet of document.querySelectorAll(".sheet[data-score]:empty")) {
    if (shown(sheet) && scores[sheet.dataset.score]) sheet.innerHTML = scores[sheet.dataset.score].svg;
  }
  for (const roll of document.querySelectorAll("svg.roll[data-scores]:empty")) if (shown(roll)) rollOfScores(roll);
}

function muted(card) {
  const silent = card?.querySelectorAll('.voice[aria-pressed="false"]') ?? [];
  return new Set([...silent].map((button) => Number(button.dataset.voice)));
}

async function playScore(button) {
  await ready;
  const { score: key, part } = button.dataset;
  const notes = scores[key].notes.filter((note) => part === "all" || note[4] === 0);
  if (!notes.length) return;
  const card = button.closest(".card");
  const own = button.closest("figure.playable") === null || (card?.querySelector("svg.roll")?.dataset.scores ?? "").includes(key);
  const rolls = own ? [...(card?.querySelectorAll("svg.roll") ?? [])] : [];
  play(button, notes, { names: (note) => note[5].map((name) => `${key}-${name}`), rolls, muted: muted(card) });
}

function download(button) {
  const { score, file } = button.dataset;
  const content = scores[score].files[file];
  const bytes = file === "mid" ? Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)) : content;
  const type = file === "mid" ? "audio/midi" : "application/vnd.recordare.musicxml+xml";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = `${score}.${file}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function switchVoice(button) {
  const sounds = button.getAttribute("aria-pressed") !== "true";
  const voice = Number(button.dataset.voice);
  const card = button.closest(".card");
  button.setAttribute("aria-pressed", String(sounds));
  mute(voice, !sounds);
  card.querySelectorAll(`svg.roll [data-voice="${voice}"]`).forEach((note) => note.classList.toggle("muted", !sounds));
  for (const sheet of card.querySelectorAll(".sheet")) {
    for (const [, , , own, , numbers] of scores[sheet.dataset.score]?.notes ?? []) {
      if (own !== voice) continue;
      for (const number of numbers) document.getElementById(`${sheet.dataset.score}-${number}`)?.classList.toggle("muted", !sounds);
    }
  }
}

function nextSample(button) {
  const samples = [...button.closest(".samples").querySelectorAll(".sample")];
  const place = samples.findIndex((sample) => !sample.hidden);
  stop();
  samples[place].hidden = true;
  samples[(place + 1) % samples.length].hidden = false;
  fill();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button === null) return;
  if (button.matches(".play[data-score]")) {
    if (playing !== null && playing.button === button) stop();
    else playScore(button);
  } else if (button.matches(".file")) ready.then(() => download(button));
  else if (button.matches(".voice")) switchVoice(button);
  else if (button.matches(".next")) nextSample(button);
});

document.querySelectorAll("button.play").forEach((button) => button.setAttribute("aria-pressed", "false"));
document.addEventListener("toggle", () => fill(), true);
ready.then(() => fill());
addEventListener("beforeprint", () => fill()); // what is open is printed, closed folds are left out
