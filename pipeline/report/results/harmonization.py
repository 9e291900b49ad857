"""Section: harmonization, loss and token errors by given voices, and voice leading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from pipeline.core.text import counted
from pipeline.report.charts import GENERATED, SERIES, TRUTH, colours, draw, interval_dots, legend
from pipeline.report.html import ReportSection, figure, folded, folded_table, paragraph
from pipeline.report.inputs import HarmonizerResults, Inputs
from pipeline.report.results.predictors import interval

VOICES = ("soprano", "alto", "tenor", "bass")  # of data sets of four voices
PREDICTORS = {"model": "model", "ngram": "n-gram", "copy": "copy"}
MEANINGS: Mapping[str, str] = {
    "parallel_fifths": "parallel fifths",
    "parallel_octaves": "parallel octaves",
    "direct": "direct fifths and octaves of the outer voices",
    "crossings": "voice crossings",
    "overlaps": "voice overlaps",
    "wide": "more than an octave between upper voices",
    "out_of_range": "notes out of range",
    "leaps": "leaps larger than an octave",
    "dissonant": "chords other than triads and seventh chords",
}
WHO = {
    "original": "original",
    "model, greedy decoding": "model, greedy decoding",
    "model": "model, sampled",
    "model, guided, beam search": "model, beam search with voice-leading costs",
    "model, guided, greedy": "model, greedy decoding with voice-leading costs",
    "model, guided, sampled": "model, sampled with voice-leading costs",
}
SHOWN = tuple(WHO)[:4]  # in the chart; the table has all
LEAD = (
    "Some voices are given, the model predicts the others. Nats per token of the predicted voices, lower "
    "is better; and "
    "violations of textbook voice-leading rules per 100 chords, for which the original chorales are the "
    "reference."
)


def harmonization(inputs: Inputs) -> ReportSection:
    """Charts of the first harmonizer; tables of all."""
    body = Markup("").join(map(_charts, inputs.harmonizers[:1]))
    body += Markup("").join(map(_tables, inputs.harmonizers))
    body = body or paragraph("params.yaml has no harmonization experiment.")
    return ReportSection("harmonization", "Harmonization results", LEAD, body)


def _charts(harmonizer: HarmonizerResults) -> Markup:
    return Markup('<div class="charts two"><div>{}</div><div>{}</div></div>\n').format(
        _loss(harmonizer), _rules(harmonizer)
    )


def _loss(harmonizer: HarmonizerResults) -> Markup:
    rows = []
    for choice in harmonizer.figures["given"].values():
        group = f"given {voices_named(choice['given'])}"
        for name in ("model", "ngram"):
            value = _nats(choice, name)
            label = f"{group}, {PREDICTORS[name]}: {value:.3f} nats per token"
            row = {"group": group, "series": PREDICTORS[name], "value": value, "low": None, "high": None}
            rows.append({**row, "label": label})
    scale = colours(["model", "n-gram"], {"model": GENERATED, "n-gram": SERIES[4]})
    alt = f"Dot plot: nats per token of {harmonizer.name} and of an n-gram, by given voices."
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    return legend(scale) + figure(draw(interval_dots(rows, groups, scale, "nats per token", 220, 22), alt))


def _rules(harmonizer: HarmonizerResults) -> Markup:
    by_whom = harmonizer.figures["voice_leading"]["per_hundred_chords"]
    shown = {who: WHO[who] for who in SHOWN}
    rows = []
    for measure, meaning in MEANINGS.items():
        for who, name in shown.items():
            if who in by_whom:
                value = by_whom[who][measure]
                row = {"group": meaning, "series": name, "value": value, "low": value, "high": value}
                rows.append({**row, "label": f"{meaning}, {name}: {value:.2f} per 100 chords"})
    names = [name for who, name in shown.items() if who in by_whom]
    fixed = dict(zip(shown.values(), (TRUTH, SERIES[5], GENERATED, SERIES[1]), strict=True))
    scale = colours(names, fixed)
    alt = f"Dot plot: violations of voice-leading rules per 100 chords, {harmonizer.name} and original."
    groups = list(MEANINGS.values())
    return legend(scale) + figure(draw(interval_dots(rows, groups, scale, "per 100 chords", 200, 17), alt))


def _tables(harmonizer: HarmonizerResults) -> Markup:
    found = harmonizer.figures
    task, training, model = (harmonizer.settings[section] for section in ("task", "training", "model"))
    shape = ", ".join(f"{name} {value}" for name, value in model.items())
    text = (
        f"{shape}; seed {training['seed']}; voices given in training: {task['given']}. Evaluated on "
        f"{counted(found['n_pieces'], found['split'] + ' piece')} of {found['dataset']}."
    )
    head = ["given", *PREDICTORS.values(), "model \N{MINUS SIGN} n-gram, 95 %"]
    head += ["token error rate, true history", "token error rate, greedy decoding"]
    rows = [_row(choice) for choice in found["given"].values()]
    note = (
        "Token error rate: share of predicted tokens that differ from the original, given the true "
        "earlier tokens, "
        "and in whole harmonizations by greedy decoding. A different token is not necessarily wrong."
    )
    body = paragraph(text) + folded_table("Nats per token by given voices", head, rows, note=note)
    return folded(
        f"Tables of {harmonizer.name}", body + _by_voice(found) + _voice_leading(found["voice_leading"])
    )


def _by_voice(found: Mapping[str, Any]) -> Markup:
    choices = list(found["given"].values())
    parts = [_voice_errors(choice) for choice in choices]
    voices = sorted({voice for row in parts for voice in row})
    rows = [
        [voices_named(choice["given"]), *(row.get(voice) for voice in voices)]
        for choice, row in zip(choices, parts, strict=True)
    ]
    head = ["given", *(_voice(int(voice)) for voice in voices)]
    note = "Token error rate of greedy decoding, by voice."
    return folded_table("Token error rate by voice", head, rows, note=note)


def _voice_leading(found: Mapping[str, Any]) -> Markup:
    rows = [
        [WHO.get(name, name), *(figures[measure] for measure in MEANINGS), figures["chords"]]
        for name, figures in found["per_hundred_chords"].items()
    ]
    note = (
        f"Violations per 100 chords, given {voices_named(found['given'])}. A chord is a step at which all "
        "voices sound "
        "and a note begins."
    )
    return folded_table("Voice leading", ["predictor", *MEANINGS.values(), "chords"], rows, note=note)


def _nats(choice: Mapping[str, Any], name: str) -> float:
    return float(choice["predictors"][name]["all"]["overall"]["nats_per_token"])


def _row(choice: Mapping[str, Any]) -> list[object]:
    greedy = choice["greedy_errors"]
    return [
        voices_named(choice["given"]),
        *(_nats(choice, name) for name in PREDICTORS),
        interval(choice["intervals"]["model - ngram"]),
        choice["errors"]["model"]["all"],
        greedy and greedy["all"],
    ]


def _voice_errors(choice: Mapping[str, Any]) -> dict[str, float]:
    errors = choice["greedy_errors"] or {}
    return {voice: share for voice, share in errors.items() if voice != "all"}


def voices_named(given: Iterable[int]) -> str:
    """Given voices in words: "soprano, bass", or "nothing"."""
    return ", ".join(map(_voice, given)) or "nothing"


def _voice(voice: int) -> str:
    return VOICES[voice] if voice < len(VOICES) else f"voice {voice + 1}"
