"""Section: definitions of the figures, and the sound of samples."""

from __future__ import annotations

from markupsafe import Markup

from pipeline.report.html import ReportSection
from pipeline.report.inputs import Inputs

TERMS = """
Token: One of 258 integers per grid step and voice: the onset of a MIDI note number, its continuation, START
  or STOP. Note number 0 is silence.
Bits per onset: Bits of all onset, continuation and silence tokens, divided by the number of notes: the sum
  of rhythm, pitch and silence bits. All predictors are scored over the same valid tokens.
Confidence interval: 95 %, bootstrap over tune families with 10 000 resamples; differences are paired.
n-gram with memory: An n-gram model of the training set mixed with one of the piece so far and its prompt.
Tune family: Pieces that share 16 successive intervals, in any key, repeated notes merged. A split never
  divides a family.
Sampling: Tokens are sampled from the model's distribution. Greedy decoding takes the most probable token
  and often repeats itself.
Scores and charts: Scores are engraved by Verovio (LGPL) in the key of the source. Charts are drawn by Vega-
  Lite (BSD) when the page is written.
Sound: Synthesized in the page by the Web Audio API: two detuned waves of up to 12 partials per note, 5 kB
  of code. No recording or SoundFont is used, so the page has no third-party sound licence.
"""


def definitions(_: Inputs) -> ReportSection:
    """A list of terms."""
    terms = (line.split(": ", 1) for line in TERMS.replace("\n  ", " ").strip().splitlines())
    items = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*term) for term in terms)
    body = Markup('<dl class="terms">{}</dl>\n').format(items)
    return ReportSection("definitions", "Definitions", "", body, folded=True)
