"""Croissant metadata: machine-readable description of the shards of a data set.

JSON-LD according to the Croissant format specification 1.0 (MLCommons 2024): every shard
is a file with its sha256, and a record set whose fields are the columns of the
shard.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.schemas import TOKENS
from pipeline.core.text import counted

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
PARQUET = "application/x-parquet"
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
MEANING = {
    "tokens": "START (256), one token per step and voice, STOP (257); vocabulary.json names them",
    "n_steps": "length in steps of the grid",
    "voices": "number of voices (tokens per step), top voice first",
    "steps_per_quarter": "grid steps per quarter note",
    "meter": "time signature such as 3/4; null for none or a change of metre",
    "steps_per_bar": "steps per bar; null for no time signature or a change",
    "step_in_bar": "steps since the last written bar line, one value per step",
    "phrase_end": "true on the last step of a phrase",
    "chord": "chord symbol of each step in Harte's syntax, transposed with the piece; null for none",
    "composer": "as the source writes it",
    "origin": "place of origin, as the source writes it",
    "region": "the area inside the origin, as the source writes it",
    "year": "year of composition",
    "tune_type": "for example reel, as the source writes it",
    "tempo_qpm": "quarter notes per minute at the beginning",
    "part_names": "name of the score part of each voice, top voice first",
    "key_source": "source of the key: signature, tonic or analysis",
    "source_path": "the file inside its corpus",
    "tune_family": "pieces of one family share a melody and are in the same split",
    "tonic_pc": "pitch class of the tonic before transposition",
    "transposition": "semitones added by transposition",
    "split": "train, valid, test or embargoed (excluded as a relative of a held-out piece)",
    "soft_relative": "true for a held-out piece with a soft relative in train",
    "relative_of": "piece_id of the nearest relative: held out, in train; embargoed, held out; null for none",
    "relation": "the rule that relates it to relative_of: 16-gram, skeleton, contained, title or alignment",
    "likeness": "similarity to relative_of by the best local alignment, 0 to 1",
}


def make_croissant(card: Mapping[str, Any], shards: Sequence[Path], cards: Path) -> dict[str, Any]:
    """The content of croissant.json.

    Args:
        card: the data card of the data set (``cards.make_card``).
        shards: ``…/SPLIT/NAME.parquet``, all shards that were written.
        cards: the folder of croissant.json; file paths are relative to it.
    """
    name = card["dataset"]
    used = [corpus for corpus in card["corpora"].values() if corpus["kept"]]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": name,
        "description": f"Melodies as sequences of {card['vocabulary']['size']} tokens, "
        f"{counted(card['voices'], 'voice')} on a grid of {counted(card['steps_per_quarter'], 'step')} per "
        "quarter note.",
        "version": card["project_version"],
        "license": sorted({licence for corpus in used for licence in corpus["licences"]}),
        "citeAs": "; ".join(sorted({citation for corpus in used for citation in corpus["citations"]})),
        "distribution": [_file(shard, cards) for shard in shards],
        "recordSet": [_record_set(shard) for shard in shards],
    }


def _identifier(shard: Path) -> str:
    return f"{shard.parent.name}-{shard.stem}"


def _file(shard: Path, cards: Path) -> dict[str, Any]:
    content = shard.read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": _identifier(shard),
        "name": _identifier(shard),
        "contentUrl": Path(os.path.relpath(shard, cards)).as_posix(),
        "contentSize": f"{len(content)} B",
        "encodingFormat": PARQUET,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _record_set(shard: Path) -> dict[str, Any]:
    """The record set of one shard; a record set over several files would need an archive."""
    name = f"rows-{_identifier(shard)}"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"the examples of {_identifier(shard)}",
        "field": [_field(name, column, _identifier(shard)) for column in TOKENS],
    }


def _field(record_set: str, column: pa.Field, file: str) -> dict[str, Any]:
    repeated = pa.types.is_list(column.type)
    value = column.type.value_type if repeated else column.type
    described = {"description": MEANING[column.name]} if column.name in MEANING else {}
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column.name}",
        "name": column.name,
        **described,
        "dataType": _data_type(value),
        **({"repeated": True} if repeated else {}),
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }


def _data_type(value: pa.DataType) -> str:
    if pa.types.is_boolean(value):
        return "sc:Boolean"
    return "sc:Integer" if pa.types.is_integer(value) else "sc:Text"
