"""Tunes and their relatives in other keys, as note numbers in text."""


def spelled(pitches: list[str], length: str = "1") -> str:
    """Notes of one length in quarters; see tests/helpers/notes_text.py."""
    return " ".join(f"{pitch}:{length}" for pitch in pitches)


def in_another_key(pitches: list[str], semitones: int) -> list[str]:
    return [str(int(pitch) + semitones) for pitch in pitches]


def unrelated(number: int, length: int = 20) -> list[str]:
    """A tune for each number; two of them share no long interval n-gram."""
    pitch, pitches = 60, []
    for place in range(length):
        pitches.append(str(pitch))
        pitch = 60 + (pitch * 7 + number // 5**place % 5 + place * number) % 24
    return pitches
