"""Cards: one sample of a model with its piano roll, its scores and its buttons."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.formats.writers.layout import part_name
from pipeline.report.columns import facts
from pipeline.report.engraving import PRECISION, Engraver, Note
from pipeline.report.html import folded, paragraph
from pipeline.report.inputs import ExperimentResults, HarmonizerResults, Inputs
from pipeline.report.listen.nearest import nearest_tune
from pipeline.report.scores import GENERATED, PROMPT, TRUTH, PlayableScore, playable

ENDINGS = {"sampled": "sampled from the model", "reference": "original", "greedy": "greedy decoding"}
KEY = (r"<fifths>(-?\d+)</fifths>", r"<mode>(\w+)</mode>")
BUTTONS = (("sampled", "all", "Model"), ("reference", "all", "Original"), ("sampled", "prompt", "Prompt"))


@dataclass(frozen=True)
class Card:
    """A card and the scores that it refers to."""

    html: Markup
    scores: Sequence[PlayableScore]


def sample_card(
    inputs: Inputs,
    model: ExperimentResults | HarmonizerResults,
    sample: Mapping[str, Any],
    engraver: Engraver,
    opened: bool = False,
) -> Card:
    """The card of one sample.

    Args:
        opened: the model's score is drawn in the card itself; otherwise all scores are in a fold.
    """
    name = f"{model.name}-{sample['number']}"
    title = sample["title"] or sample["piece_id"]
    scores = [_score(engraver, name, title, sample, ending) for ending in ENDINGS]
    shown = [
        score_figure(score.key, words, title, play=not opened or place > 0)
        for place, (score, words) in enumerate(zip(scores, ENDINGS.values(), strict=True))
    ]
    nearest = None
    if isinstance(model, ExperimentResults):
        nearest = nearest_tune(inputs, model, sample, engraver, f"{name}-nearest")
    if nearest is not None:
        scores.append(nearest.score)
        figure = score_figure(
            nearest.score.key, f"nearest training tune: {nearest.words}", title, files=False
        )
        shown.insert(1, figure)
    inside, hidden = (shown[0], shown[1:]) if opened else (Markup(""), shown)
    words = "Nearest training tune, original, greedy decoding" if nearest else "Original, greedy decoding"
    if not opened:
        words = "Scores and downloads"
    body = Markup(
        '<article class="card" id="card-{}" aria-labelledby="title-{}">'
        '<header><h4 id="title-{}">{}</h4><p class="facts">{}</p></header>'
        '<div class="buttons">{}{}</div>{}{}{}</article>\n'
    ).format(
        *(name, name, name, title, " · ".join(_facts(inputs, model, sample))),
        *(_buttons(name, title, sample), _voices(sample), _roll(name, title, sample), inside),
        folded(words, _exact(sample) + Markup("").join(hidden)),
    )
    return Card(body, scores)


def _facts(
    inputs: Inputs, model: ExperimentResults | HarmonizerResults, sample: Mapping[str, Any]
) -> list[str]:
    row = dict(inputs.grids.get(str(model.figures["dataset"]), {}).get(sample["piece_id"], {}))
    fifths, mode = (re.search(pattern, sample["scores"]["reference"]) for pattern in KEY)
    row["key_fifths"] = int(fifths.group(1)) if fifths else None  # the key that the score is written in
    row["key_mode"] = mode.group(1) if mode else ""
    return [sample["piece_id"], *facts(row), f"model {model.name}"]


def _exact(sample: Mapping[str, Any]) -> Markup:
    return paragraph("Greedy decoding reproduces the original exactly.") if sample["exact"] else Markup("")


def _score(
    engraver: Engraver, name: str, title: str, sample: Mapping[str, Any], ending: str
) -> PlayableScore:
    label = f"Score of {title}: {ENDINGS[ending]}"
    new = TRUTH if ending == "reference" else GENERATED
    return playable(
        engraver,
        sample["scores"][ending],
        f"{name}-{ending}",
        label,
        _origin(sample, new),
        sample["midi"][ending],
    )


def _origin(sample: Mapping[str, Any], new: int) -> Callable[[Note], int]:
    """PROMPT for notes that the model was given, ``new`` for the others."""
    given = sample["given"]
    if given is not None:
        return lambda note: PROMPT if note.voice in given else new
    cut = len(sample["source"]) / sample["voices"] / sample["steps_per_quarter"]
    return lambda note: new if note.begin > cut - PRECISION else PROMPT


def _buttons(name: str, title: str, sample: Mapping[str, Any]) -> Markup:
    third = "Given voices" if sample["given"] is not None else "Prompt"
    buttons = [
        Markup(
            '<button type="button" class="play{}" data-score="{}-{}" data-part="{}" '
            'aria-label="Play {}: {}">{}</button>'
        ).format(" main" if number == 0 else "", name, ending, part, words.lower(), title, words)
        for number, (ending, part, words) in enumerate((*BUTTONS[:2], (*BUTTONS[2][:2], third)))
        if not (part == "prompt" and sample["given"] == [])
    ]
    return Markup("").join(buttons)


def _voices(sample: Mapping[str, Any]) -> Markup:
    """A switch for each voice of a harmonization."""
    if sample["voices"] == 1 or sample["given"] is None:
        return Markup("")
    switches = [
        Markup(
            '<button type="button" class="voice {}" aria-pressed="true" data-voice="{}">{} '
            "<small>{}</small></button>"
        ).format(
            "prompt" if voice in sample["given"] else "generated",
            voice,
            part_name(voice, sample["voices"]),
            "given" if voice in sample["given"] else "generated",
        )
        for voice in range(sample["voices"])
    ]
    return Markup('<span class="voices" role="group" aria-label="Voices that sound">{}</span>').format(
        Markup("").join(switches)
    )


def _roll(name: str, title: str, sample: Mapping[str, Any]) -> Markup:
    what = "given voices" if sample["given"] is not None else "prompt"
    label = f"Piano roll of {title}: {what} in black, original in grey, model in blue"
    return Markup(
        '<svg class="roll" role="img" aria-label="{}" data-scores="{}-reference {}-sampled"></svg>'
    ).format(label, name, name)


def score_figure(key: str, words: str, title: str, files: bool = True, play: bool = True) -> Markup:
    """A place for a score, which the page's script fills, and the buttons that belong to it."""
    names = (("mid", "MIDI"), ("musicxml", "MusicXML")) if files else ()
    downloads = Markup("").join(
        Markup(
            '<button type="button" class="file" data-score="{}" data-file="{}" '
            'aria-label="Download {}: {} of {}">{}</button>'
        ).format(key, suffix, shown, words, title, shown)
        for suffix, shown in names
    )
    button = Markup(
        '<button type="button" class="play" data-score="{}" data-part="all" aria-label="Play {}: '
        '{}">Play</button>'
    ).format(key, words, title)
    return Markup(
        '<figure class="playable" id="{}"><figcaption><span>{}</span> {}{}</figcaption>'
        '<div class="sheet" data-score="{}" tabindex="0" role="region" aria-label="Score of {}: '
        '{}"></div></figure>\n'
    ).format(key, words[:1].upper() + words[1:], button if play else "", downloads, key, title, words)
