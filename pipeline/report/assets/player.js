// Synthesizes and plays notes: [begin, end, pitch, voice, ...], times in quarter notes.
"use strict";

const SECONDS_A_QUARTER = 0.5;
const LOUDNESS = 0.12;
const PARTIALS = 12;
const LOOKAHEAD = 8; // quarter notes that are scheduled before they sound

const waves = new WeakMap();

// A plucked and bowed spectrum between harpsichord and organ; high notes have fewer partials.
function wave(context, pitch) {
  if (!waves.has(context)) waves.set(context, new Map());
  const known = waves.get(context);
  const frequency = 440 * 2 ** ((pitch - 69) / 12);
  const n = Math.max(2, Math.min(PARTIALS, Math.floor(context.sampleRate / 2.2 / frequency)));
  if (!known.has(n)) {
    const sines = new Float32Array(n + 1);
    for (let k = 1; k <= n; k += 1) sines[k] = Math.abs(Math.sin((Math.PI * k) / 7.5)) / k ** 1.25 + (k === 1 ? 0.6 : 0);
    known.set(n, context.createPeriodicWave(new Float32Array(n + 1), sines));
  }
  return known.get(n);
}

function sound(context, destination, begin, seconds, pitch) {
  const volume = context.createGain();
  const filter = context.createBiquadFilter();
  const frequency = 440 * 2 ** ((pitch - 69) / 12);
  filter.type = "lowpass";
  filter.frequency.setValueAtTime(Math.min(frequency * 9, context.sampleRate / 2.2), begin);
  filter.frequency.exponentialRampToValueAtTime(Math.min(frequency * 3, context.sampleRate / 2.2), begin + 0.5);
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.008);
  volume.gain.exponentialRampToValueAtTime(LOUDNESS * 0.55, begin + 0.12);
  volume.gain.exponentialRampToValueAtTime(LOUDNESS * 0.3, begin + Math.max(seconds, 0.15));
  volume.gain.linearRampToValueAtTime(0, begin + Math.max(seconds, 0.15) + 0.07);
  filter.connect(volume).connect(destination);
  for (const cents of [-2.5, 2.5]) {
    const tone = context.createOscillator();
    tone.setPeriodicWave(wave(context, pitch));
    tone.frequency.value = frequency;
    tone.detune.value = cents;
    tone.connect(filter);
    tone.start(begin);
    tone.stop(begin + Math.max(seconds, 0.15) + 0.1);
  }
}

// Schedules all notes; gains maps a voice to the node that it sounds through. Returns the seconds that they last.
function schedule(context, notes, begin, gains = new Map()) {
  let end = 0;
  for (const [from, to, pitch, voice] of notes) {
    const destination = gains.get(voice) ?? context.destination;
    sound(context, destination, begin + from * SECONDS_A_QUARTER, (to - from) * SECONDS_A_QUARTER, pitch);
    end = Math.max(end, to);
  }
  return end * SECONDS_A_QUARTER;
}

let audio = null;
let playing = null;

function stop() {
  if (playing === null) return;
  const { button, master, frame, timer } = playing;
  playing = null;
  cancelAnimationFrame(frame);
  clearInterval(timer);
  master.disconnect();
  document.querySelectorAll(".sounding").forEach((note) => note.classList.remove("sounding"));
  document.querySelectorAll("line.now").forEach((line) => line.remove());
  button.setAttribute("aria-pressed", "false");
}

// One gain per voice, so that a voice can be muted while it plays.
function voiceGains(context, master, notes, muted) {
  const gains = new Map();
  for (const [, , , voice] of notes) {
    if (gains.has(voice)) continue;
    const gain = context.createGain();
    gain.gain.value = muted.has(voice) ? 0 : 1;
    gain.connect(master);
    gains.set(voice, gain);
  }
  return gains;
}

function play(button, notes, { names = () => [], rolls = [], muted = new Set() } = {}) {
  stop();
  audio ??= new AudioContext();
  audio.resume();
  const master = audio.createGain();
  master.connect(audio.destination);
  const gains = voiceGains(audio, master, notes, muted);
  const start = Math.min(...notes.map(([from]) => from));
  const end = Math.max(...notes.map(([, to]) => to));
  const queue = [...notes].sort((a, b) => a[0] - b[0]);
  const begin = audio.currentTime + 0.08 - start * SECONDS_A_QUARTER;
  const position = () => (audio.currentTime - begin) / SECONDS_A_QUARTER;
  const ahead = () => {
    const next = queue.findIndex(([from]) => from > position() + LOOKAHEAD);
    schedule(audio, queue.splice(0, next < 0 ? queue.length : next), begin, gains);
  };
  button.setAttribute("aria-pressed", "true");
  playing = { button, master, gains, frame: 0, timer: setInterval(ahead, 500) };
  ahead();
  const drawn = notes.map((note) => names(note).map((name) => document.getElementById(name)).filter((each) => each));
  const lines = rolls.map((roll) => nowLine(roll));
  const follow = () => {
    if (playing === null || playing.master !== master) return;
    const now = position();
    notes.forEach(([from, to], place) => {
      for (const element of drawn[place]) element.classList.toggle("sounding", from <= now && now < to);
    });
    for (const line of lines) { line.setAttribute("x1", now); line.setAttribute("x2", now); }
    if (now > end + 0.3) stop();
    else playing.frame = requestAnimationFrame(follow);
  };
  follow();
}

function mute(voice, silent) {
  if (playing !== null && playing.gains.has(voice)) playing.gains.get(voice).gain.value = silent ? 0 : 1;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});
