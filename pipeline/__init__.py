"""Entchen: from symbolic scores to token shards, to a model that continues a melody.

The rooms, each importing only rooms above it:

===============  ==============================================================
errors           PipelineError, the base of everything a user is told
files            written whole: beside their target, then moved into place
settings         reading params.yaml; a section's model lives beside its reader
music            ticks, Notes, Grid: small frozen values over numpy
vocabulary       the 258 symbols, their grammar, Grid to tokens and back
piano_roll       Grid to a picture in plain text
examples         a row cut into source and target
books            rows in = rows kept + rows rejected
parquet          the same rows, the same bytes: options, row groups, a digest
tables           the Parquet schemas, reading and writing them atomically
portions         tables larger than memory, some whole pieces at a time
progress         a bar or plain lines for long work
dvcfile          what dvc.yaml says of a stage
summary          what a stage made, as small tables
outputs          the last good outputs of a stage that failed
cluster          mapping a function over batches on a Dask cluster
engine           the same in this process, in several, or on a cluster
isolation        untrusted work in a child that may die
runner           what every stage does around its own work
sources          bundled corpora and folders to ``data/raw``
readers          one file per format: bytes to exact notes
parsing          the files of a corpus to its notes table
ragged           lists of different lengths as one flat array
lines            what is heard as the melody of a staff
runs             runs of intervals, and who holds them
related          pairs of pieces, and how many runs they share
quantize         exact notes to a grid of steps
fingerprints     whether two grids hold the same notes in any key
filters          which grids are kept, and the reasons of the others
keys             the key of a piece, and how far it is transposed
families         which pieces share a melody
splits           families to train, valid and test, and what that leaks
encoding         grids to token rows, and their proof
distributions    what the notes and pieces of a data set are like
shards           token rows to the files of a data set
cards            what stands beside the shards
croissant        the shards as machines find them
ledger           the books of all stages at once
batches          shards to padded tensors (torch from here down)
models           one folder per model, its settings beside it
training         the training loop
sampling         choosing the next symbol: temperature, top-k, top-p
decoding         greedy and sampled continuations under the grammar
baselines        copy, n-grams, memory of the piece so far; no torch
metrics          what is measured, one file per kind
scores           Grid to MIDI, MusicXML and sound
evaluation       a trained experiment to figures and samples
report           the page that a person reads
benchmark        our figures beside the published ones
parameters       the whole of params.yaml, checked at once
schema           params.yaml for editors
inspecting       what became of a piece, a filter, a file outside DVC
explaining       why a stage would run, and how many pieces that touches
generating       a trained model goes on from a prompt
harmonizing      a trained model says the voices that a score lacks
crossvalidation  an experiment measured on every piece of its data set
cli              ``python -m pipeline …``
notebook         a few names for looking at a data set by hand
===============  ==============================================================
"""
