// Plays the notes of a score in the page: [begin, end, pitch, [names]] in quarter notes.
"use strict";

const SECONDS_A_QUARTER = 0.5;
const LOUDNESS = 0.2;

function sound(context, destination, begin, seconds, pitch) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.type = "triangle";
  tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.015);
  volume.gain.exponentialRampToValueAtTime(LOUDNESS / 4, begin + Math.max(seconds, 0.05));
  volume.gain.linearRampToValueAtTime(0, begin + seconds + 0.06);
  tone.connect(volume).connect(destination);
  tone.start(begin);
  tone.stop(begin + seconds + 0.08);
}

function schedule(context, notes, begin) {
  let end = 0;
  for (const [from, to, pitch] of notes) {
    sound(context, context.destination, begin + from * SECONDS_A_QUARTER, (to - from) * SECONDS_A_QUARTER, pitch);
    end = Math.max(end, to);
  }
  return end * SECONDS_A_QUARTER;
}

let playing = null;

function stop() {
  if (playing === null) return;
  const { button, context, timer } = playing;
  playing = null;
  cancelAnimationFrame(timer);
  context.close();
  document.querySelectorAll(".sounding").forEach((note) => note.classList.remove("sounding"));
  button.textContent = "Play";
  button.setAttribute("aria-pressed", "false");
}

function play(button) {
  const notes = JSON.parse(button.dataset.notes);
  const context = new AudioContext();
  const begin = context.currentTime + 0.1;
  const seconds = schedule(context, notes, begin);
  button.textContent = "Stop";
  button.setAttribute("aria-pressed", "true");
  playing = { button, context, timer: 0 };
  const follow = () => {
    const now = (context.currentTime - begin) / SECONDS_A_QUARTER;
    for (const [from, to, , names] of notes) {
      for (const name of names) {
        document.getElementById(name)?.classList.toggle("sounding", from <= now && now < to);
      }
    }
    if (context.currentTime > begin + seconds + 0.1) stop();
    else if (playing !== null) playing.timer = requestAnimationFrame(follow);
  };
  follow();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.play");
  if (button === null) return;
  const again = playing !== null && playing.button === button;
  stop();
  if (!again) play(button);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});

addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
