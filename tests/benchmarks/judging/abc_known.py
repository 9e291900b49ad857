"""What abc2midi reads otherwise, each with the evidence.

``EQUIVALENT`` holds rewritings into another notation of the same music: the judge is given
the rewritten tune and must then find the notes that our reader finds in the tune as
published. ``SIMPLER`` holds rewritings that change the music: both are given the rewritten
tune. Either way all else in the tune is read alike, and the cause is the sign that was
rewritten. Sections are those of the ABC standard 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from tests.benchmarks.judging.abc_text import in_music

Rewrite = Callable[[str], str]

_NOTE = r"([_^=]*[a-gA-G][,']*)(\d*)(/*)(\d*)"
_BROKEN = re.compile(rf"{_NOTE}([-\s().uv~]*)(>+|<+)([-\s().uv~]*){_NOTE}")
_BAR = re.compile(
    r"^P:.*\n|(?:^|\[)V:[ \t]*(?P<voice>[^\s\]]+)|(?P<quoted>\"[^\"]*\"?)"
    r"|(?P<sign>:*\|+[\]:|]*|\[\||::+)(?:\s*\[(?=\d)|(?=\d))?(?P<number>(?<=[\[|:])\d)?",
    re.MULTILINE,
)
_FIELDS = re.compile(r"(?:(?:[ \t]*\n)?(?:(?<=\n)[A-Za-z]:.*(?:\n|$)))*")
_TUPLET = re.compile(r"\(([579])(?![\d:])")


def _replace(pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> Rewrite:
    compiled = re.compile(pattern)
    return lambda text: in_music(text, lambda line: compiled.sub(replacement, line))


def _length(number: str, slashes: str, divisor: str) -> Fraction:
    below = int(divisor) if divisor else 2 ** len(slashes)
    return Fraction(int(number or 1), below)


def _unequal_broken_rhythm(text: str) -> str:
    """``A>B/`` with its lengths written out."""

    def write_out(found: re.Match[str]) -> str:
        first, second = _length(*found.group(2, 3, 4)), _length(*found.group(9, 10, 11))
        if first == second:
            return found[0]
        short = Fraction(1, 2 ** len(found[6]))
        factors = (2 - short, short) if found[6][0] == ">" else (short, 2 - short)
        return f"{found[1]}{first * factors[0]}{found[5]}{found[7]}{found[8]}{second * factors[1]}"

    return in_music(text, lambda line: _BROKEN.sub(write_out, line))


def _tuplets_of_simple_time(text: str) -> str:
    """``(5``, ``(7`` and ``(9`` with the time that they take."""
    meter = re.search(r"^M:.*?(\d+)/\d+", text, flags=re.MULTILINE)
    time = 3 if meter is not None and int(meter[1]) in (6, 9, 12) else 2
    return in_music(text, lambda line: _TUPLET.sub(rf"(\1:{time}:\1", line))


class _Bar(NamedTuple):
    """A bar line of one voice: where it lies in the text, its signs, and the ending that begins there."""

    begin: int
    end: int
    sign: str
    ending: int


def _bars(body: str) -> list[list[_Bar]]:
    """The bar lines of each voice; ``P:`` is one, because a section begins there."""
    voices: dict[str, list[_Bar]] = {}
    voice = ""
    for found in _BAR.finditer(body):
        if found["voice"]:
            voice = found["voice"]
        elif not found["quoted"]:
            number = int(found["number"] or 0)
            voices.setdefault(voice, []).append(
                _Bar(found.start(), found.end(), found["sign"] or "P:", number)
            )
    return list(voices.values())


def _without_comments(text: str) -> tuple[str, str]:
    """Header and body, comments left out."""
    text = re.sub(r"^%(?!%).*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<!%)%(?!%).*", "", text)
    found = re.search(r"^K:.*\n", text, flags=re.MULTILINE)
    return (text[: found.end()], text[found.end() :]) if found else (text, "")


def _explicit_starts(text: str) -> str:
    """A ``|:`` at the beginning of each section that is repeated and has none."""
    head, body = _without_comments(text)
    places = [place for bars in _bars(body) for place in _implied_starts(bars)]
    for mark in sorted(places, reverse=True):
        fields = _FIELDS.match(body, mark)
        place = fields.end() if fields else mark
        body = f"{body[:place]} |: {body[place:]}"
    return head + body


def _implied_starts(bars: list[_Bar]) -> Iterator[int]:
    """Where sections begin that a ``:|`` repeats though no ``|:`` opens them."""
    mark, opened, in_ending = 0, False, False
    for bar in bars:
        if bar.sign.startswith(":") and not opened and mark:
            yield mark
        if bar.ending:
            in_ending, opened = True, opened or bar.sign.startswith(":")
        elif bar.sign.startswith(":") or bar.sign == "P:" or (bar.sign != "|" and (in_ending or not opened)):
            mark, in_ending = bar.end, False
            opened = bar.sign.endswith(":") and bar.sign not in ("P:", ":")
        else:
            opened = opened or bar.sign.endswith(":")


def _last_endings_closed(text: str) -> str:
    """A thin and a thick bar line for the ``:|`` of a second ending."""
    head, body = _without_comments(text)
    closes: list[_Bar] = []
    for bars in _bars(body):
        ending = 0
        for bar in bars:
            if ending > 1 and bar.sign.startswith(":") and not bar.ending:
                closes.append(bar)
            if bar.ending or bar.sign != "|":
                ending = bar.ending
    for bar in sorted(closes, reverse=True):
        opens = " |:" if bar.sign.endswith(":") else ""
        body = f"{body[: bar.begin]}|]{opens}{body[bar.end :]}"
    return head + body


def _from_mail(text: str) -> str:
    return re.sub(r"=[ \t]*\n", "", text.replace("=20", " ").replace("=3D", "="))


def _replace_all(pattern: str, replacement: str) -> Rewrite:
    """A rewriting that looks beyond the end of a line."""
    compiled = re.compile(pattern, re.DOTALL)

    def rewrite(text: str) -> str:
        found = re.search(r"^K:.*\n", text, flags=re.MULTILINE)
        if found is None:
            return text
        return text[: found.end()] + compiled.sub(replacement, text[found.end() :])

    return rewrite


def _closing(found: re.Match[str]) -> str:
    return ":|" if ":" in found[0] else "||"


def _endings_apart(text: str) -> str:
    text = re.sub(r"\|\\[ \t]*\n([1-9])(?=[\s(\"A-Ga-g])", r"|\1", text)
    return in_music(text, lambda line: re.sub(r"\|\|([1-9])(?=[\s(\"A-Ga-g])", r"|\1", line))


EQUIVALENT: dict[str, Rewrite] = {
    "K:Bn is no key: unknown to our reader, B major to the judge": (
        lambda text: re.sub(r"^K:[ \t]*[A-G]n[ \t]*$", "K:C", text, flags=re.MULTILINE)
    ),
    "an empty line inside the music ends the tune (2.2); lines with bar lines that follow are read with it": (
        lambda text: re.sub(r"\n(?:[ \t]*\n)+(?=[^:\n]*\|)", "\n", text)
    ),
    "signs left by electronic mail (=3D, =20)": _from_mail,
    "x before a bar line, which holds a sign alone, takes time beyond the full bar": _replace(
        r"x(?=\s*(?:\|[|\]:]|:+\||\[\|))", ""
    ),
    "Z inside a bar is a rest of a whole bar": _replace(r"(?<=[a-gA-G\d])(\s?)Z", r"\1z"),
    "! as a line break of old files begins a decoration (10.2.2)": _replace(
        r"(![^!\s|\[\]]+!)|!", lambda found: found[1] or " "
    ),
    "chords of old files (+ceg+) are no chords without the option -OCC": _replace(
        r"\+((?:[_^=]*[a-gA-G][,']*\d*(?:/+\d*)?)+)\+", r"[\1]"
    ),
    "+ inside a chord begins a decoration": _replace(r"\[\+", "["),
    "broken rhythm between notes of unequal length is not applied (4.4)": _unequal_broken_rhythm,
    "(5, (7 and (9 take the time of compound meters in 3/4 (4.13)": _tuplets_of_simple_time,
    "the number of an ending after a continued line or a double bar is not known (4.9)": _endings_apart,
    "[|] is not known as a bar line (4.8)": _replace(r"\[\|\](?:\s*:?\|\]?)?", _closing),
    '["..." is not known as the text of an ending (4.9)': _replace(r'\["([^"]*)"(?=\s)', r'"\1"'),
    "|:| at the end of a tune, which closes its section, repeats nothing (4.8)": _replace_all(
        r"\|:\|(?=\s*(?:%.*)?\Z)", ":|"
    ),
    "|:|||: in one bar line is more than one repeat (4.8)": _replace(r"\|:\|+:", "|:"),
    ":|: is not known as the end and the beginning of a repeat (4.8)": _replace(r":\|:", "::"),
    "||: is not known as the beginning of a repeat (4.8)": _replace(r"\|\|+:", "|:"),
    "a |: that no :| closes is repeated": _replace_all(r"\|:(?=(?:(?!:\|)(?!::).)*?(?:\|:|\Z))", "|"),
    "a section without |: is repeated from another place than its double bar (4.8)": _explicit_starts,
    "a :| that closes the last ending is a third pass": _last_endings_closed,
}
SIMPLER: dict[str, Rewrite] = {
    'jumps (!D.C.!, "D.S. al Fine") are not played (4.14)': _replace(
        r"!(?:[dD]\.? ?[aAcCsS][^!]*|[fF]ine|[sS]egno|[cC]oda|FINE|[dD]acapo[^!]*)!|\"[^\"]*\"", ""
    ),
    "accidentals of grace notes are left out with them (option -NGRA)": _replace(r"(?<=\{)[^}]*(?=\})", "G"),
    "broken rhythm between notes of unequal length, or twice on one note, is not applied (4.4)": _replace(
        "[<>]", ""
    ),
    "a tie into the second ending is not played": _replace(r"-(\s*\|)", r"\1"),
}
