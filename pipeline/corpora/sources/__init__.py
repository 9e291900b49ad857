"""Where scores come from: the music21 wheel, a folder, the network, or the catalogue.

=========== ==================================================================
settings    the section ``corpora.KEY.source``, one model per kind
catalogue   known corpora by name
collect     gathering files from each kind of place
downloads   one file from the network, whole or not at all
archives    unpacking archives of strangers
fetch       a corpus into ``data/raw/CORPUS``
manifest    ``source.json``, what stands beside the files
=========== ==================================================================
"""
