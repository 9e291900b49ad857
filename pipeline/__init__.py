"""Entchen: symbolic scores to token shards, and models that continue or harmonize them.

A room is a module or a folder of this package. Each imports only rooms above it:

==========  ==================================================================================
errors      PipelineError, the base of all errors whose message is for the user
core        what all stages share: music, vocabulary, tables, accounting, settings, files
workflow    what runs around a stage: locking, progress, outputs, engines; shapes no output
formats     readers (score files to exact notes) and writers (grids to MIDI, MusicXML, WAV)
corpora     where scores come from (sources), and the notes tables made of them (parsing)
datasets    tune families, quantization, filters, splits, encoding to token shards
models      one folder per kind of model, and what all of them share (base)
training    the training loop, losses, schedules, checkpoints
decoding    scoring, sampling, beam search, continuation and harmonization with a model
evaluation  metrics, baselines and samples of a trained model
report      the HTML report, one file per section
parameters  the whole of params.yaml, validated at once
tools       commands around the pipeline: inspection, explain, inference, cross-validation
cli         ``python -m pipeline ...``
notebook    a few names for looking at a data set in a notebook
==========  ==================================================================================

torch enters at models, music21 in one reader; the stages up to encode import neither of them but
for parse.
"""
