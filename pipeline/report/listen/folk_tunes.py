"""Section: folk tunes harmonized by a model, with chord symbols and the broken rules marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.formats.writers.layout import part_name
from pipeline.report.chords import chords_of, key_fifths_of, with_symbols
from pipeline.report.engraving import PRECISION, Engraver, Note
from pipeline.report.html import ReportSection, counted, heading, paragraph
from pipeline.report.inputs import Inputs
from pipeline.report.listen.cards import score_figure
from pipeline.report.results.harmonization import MEANINGS
from pipeline.report.scores import BROKEN, GENERATED, PROMPT, PlayableScore, playable

DECODINGS = {"greedy": "greedy decoding", "guided": "beam search with voice-leading costs"}
RULES = {**MEANINGS, "doubled_leading": "doubled leading note"}
LEAD = (
    "Folk tunes as sopranos (black), the other voices by the model (blue), without and with voice-leading "
    "costs. Notes that break a rule of voice leading are purple and listed under the score."
)


def folk_tunes(inputs: Inputs) -> ReportSection:
    """Both harmonizations of each folk tune of the first harmonizer that has some."""
    engraver, body, scores = Engraver(), Markup(""), list[PlayableScore]()
    for model in [each for each in inputs.harmonizers if each.folk][:1]:
        for tune in model.folk:
            title = tune["title"] or tune["piece_id"]
            body += heading(title)
            for decoding in [each for each in DECODINGS if each in tune["scores"]]:
                key = f"{model.name}-folk-{tune['number']}-{decoding}"
                scores.append(_score(engraver, tune, decoding, key))
                body += score_figure(key, f"{DECODINGS[decoding]}, {model.name}", title)
                body += paragraph(_broken(tune, decoding))
    body = body or paragraph("No harmonization experiment has harmonized folk tunes.")
    return ReportSection("folk-tunes", "Harmonized folk tunes", LEAD, body, scores, folded=True)


def _score(engraver: Engraver, tune: Mapping[str, Any], decoding: str, key: str) -> PlayableScore:
    written, per_quarter = tune["scores"][decoding], tune["steps_per_quarter"]
    chords = chords_of(tune.get("chords", {}).get(decoding, ()), key_fifths_of(written))
    return playable(
        engraver,
        with_symbols(written, chords, per_quarter),
        key,
        f"Score of {tune['title'] or tune['piece_id']}: {DECODINGS[decoding]}, with chord symbols",
        _origin(tune, _marks(tune, decoding)),
        tune["midi"][decoding],
    )


def _marks(tune: Mapping[str, Any], decoding: str) -> Sequence[Mapping[str, Any]]:
    return list(tune.get("marks", {}).get(decoding, ()))


def _origin(tune: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]) -> Callable[[Note], int]:
    """BROKEN for a note that sounds in a marked voice at the step of the mark."""
    broken = {(voice, mark["step"] / tune["steps_per_quarter"]) for mark in marks for voice in mark["voices"]}

    def origin(note: Note) -> int:
        if any(
            voice == note.voice and note.begin - PRECISION <= time < note.end - PRECISION
            for voice, time in broken
        ):
            return BROKEN
        return PROMPT if note.voice in tune["given"] else GENERATED

    return origin


def _broken(tune: Mapping[str, Any], decoding: str) -> str:
    """The broken rules in words, each with its beat and voices."""
    marks = _marks(tune, decoding)
    if not marks:
        return "No rule of voice leading is broken."
    described = [
        f"quarter {mark['step'] // tune['steps_per_quarter'] + 1}: {RULES.get(mark['rule'], mark['rule'])} ("
        + ", ".join(part_name(voice, tune["voices"]).lower() for voice in mark["voices"])
        + ")"
        for mark in marks
    ]
    return f"{counted(len(marks), 'broken rule')}: {'; '.join(described)}."
