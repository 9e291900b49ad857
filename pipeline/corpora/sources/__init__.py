"""Sources of scores: the music21 wheel, a folder, the network, or the catalogue.

=========== ==================================================================
settings    the section ``corpora.KEY.source``, one model per kind
catalogue   known corpora by name
index       index files: path, size and sha256 of many files
paths       paths that must stay below the folder of a corpus
collect     gathering files from each kind of place
downloads   files from the network, each whole or not at all
archives    unpacking untrusted archives
fetch       a corpus into ``data/raw/CORPUS``
manifest    ``source.json``, the description of a corpus next to its files
=========== ==================================================================
"""
