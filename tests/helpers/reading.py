"""How tests read scores, independent of params.yaml."""

from pipeline.formats.readers import ReadLimits, ReadSettings

READ = ReadSettings(reader="auto", accidentals="pitch", line_ends="layout", repeats="written")
PLAYED = READ.model_copy(update={"repeats": "played"})
ESSEN = READ.model_copy(update={"line_ends": "phrases"})
LIMITS = ReadLimits(
    max_file_mib=32,
    max_unpacked_mib=64,
    max_members=10000,
    max_pieces=20000,
    max_depth=100,
    max_notes=1000000,
    max_seconds=60,
    max_memory_mib=2048,
)
