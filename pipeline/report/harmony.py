"""Section: voices that models say beside given ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import line_chart
from pipeline.report.html import Section, figure, folded, heading, number, paragraph, table
from pipeline.report.inputs import Harmonizer, Inputs

VOICES = ("soprano", "alto", "tenor", "bass")  # of data sets of four voices
PREDICTORS = {"model": "model", "ngram": "n-gram", "copy": "copy"}
MEANINGS: Mapping[str, str] = {
    "parallel_fifths": "parallel fifths",
    "parallel_octaves": "parallel octaves",
    "direct": "direct fifths and octaves of the outer voices",
    "crossings": "chords with crossed voices",
    "overlaps": "overlaps",
    "wide": "chords wider than an octave between upper neighbours",
    "out_of_range": "notes out of range",
    "leaps": "leaps beyond an octave",
    "dissonant": "chords that are no triad or seventh chord",
}


def harmony(inputs: Inputs) -> Section:
    """Of every harmonizer what each choice of given voices leaves to guess, and its errors."""
    body = Markup("").join(heading(each.name) + _figures(each) for each in inputs.harmonizers)
    if not inputs.harmonizers:
        body = paragraph("None is in params.yaml.")
    how = (
        "Some voices of a piece are given from beginning to end, the model says the others. Nats per token "
        "is what a symbol of theirs costs when all before it are the true ones: lower is better, and the "
        "more is given, the less is left. An error is a symbol that is not the true one: of the most "
        "probable symbols, told the truth so far, and of whole harmonies that the model says by itself. "
        "There is more than one good harmony, so a difference is no fault; the gallery lets them be heard."
    )
    return Section("harmony", "Harmonies", how, body)


def _figures(harmonizer: Harmonizer) -> Markup:
    found = harmonizer.figures
    settings = harmonizer.settings
    task, training, model = (settings[section] for section in ("task", "training", "model"))
    shape = ", ".join(f"{name} {value}" for name, value in model.items())
    text = (
        f"{shape}; seed {training['seed']}, given in training: {task['given']}. Evaluated on the "
        f"{found['n_pieces']} {found['split']} pieces of {found['dataset']}."
    )
    rows = [_row(choice) for choice in found["given"].values()]
    head = [
        "given",
        *PREDICTORS.values(),
        "model less n-gram, 95 %",
        "error, told the truth",
        "error, by itself",
    ]
    parts = [_by_voice(choice) for choice in found["given"].values()]
    voices = sorted({voice for row in parts for voice in row})
    errors = [
        [voices_named(choice["given"]), *(row.get(voice) for voice in voices)]
        for choice, row in zip(found["given"].values(), parts, strict=True)
    ]
    by_voice = table(["given", *(_voice(int(voice)) for voice in voices)], errors)
    note = paragraph("Share of symbols that the model by itself says otherwise than the piece, by voice.")
    return (
        paragraph(text)
        + paragraph("Nats per token of the voices to be said:")
        + table(head, rows)
        + folded("Errors by voice", note + by_voice)
        + folded("Voice leading", _voice_leading(found["voice_leading"]))
        + folded("Learning curve", _curve(harmonizer))
    )


def _voice_leading(found: Mapping[str, Any]) -> Markup:
    """Rules broken, by whom."""
    by_whom = found["per_hundred_chords"]
    rows = [
        [name, figures["chords"], *(figures[measure] for measure in MEANINGS)]
        for name, figures in by_whom.items()
    ]
    note = paragraph(
        f"What textbooks warn of, per 100 chords, given {voices_named(found['given'])}; a chord is a step at "
        "which all voices sound and one begins a note. Bach himself is the measure, not zero."
    )
    return note + table(["who", "chords", *MEANINGS.values()], rows)


def _row(choice: Mapping[str, Any]) -> list[object]:
    nats = [choice["predictors"][name]["all"]["overall"]["nats_per_token"] for name in PREDICTORS]
    less, said = choice["intervals"]["model - ngram"], choice["said_errors"]
    spread = f"{number(less['value'])} [{number(less['low'])}, {number(less['high'])}]"
    return [
        voices_named(choice["given"]),
        *nats,
        spread,
        choice["errors"]["model"]["all"],
        said and said["all"],
    ]


def _by_voice(choice: Mapping[str, Any]) -> dict[str, float]:
    errors = choice["said_errors"] or {}
    return {voice: share for voice, share in errors.items() if voice != "all"}


def _curve(harmonizer: Harmonizer) -> Markup:
    columns = harmonizer.learning
    lines = {name: (columns["epoch"], columns[f"{name}_nats"]) for name in ("train", "valid")}
    alt = f"Lines: nats per token in training and on validation by epoch, {harmonizer.name}."
    return figure(line_chart(lines, "epoch", "nats per token", alt), "Nats per token by epoch.")


def voices_named(given: Iterable[int]) -> str:
    """Given voices in words: "soprano, bass", or "nothing"."""
    return ", ".join(map(_voice, given)) or "nothing"


def _voice(voice: int) -> str:
    return VOICES[voice] if voice < len(VOICES) else f"voice {voice + 1}"
