"""Downloads of files; each file is complete or absent.

=========== ==================================================================
connection  one kept-alive session; pauses requested by hosts; redirects
single      one file: resumed, verified, then named by its sha256
many        the files of a corpus over a few connections
=========== ==================================================================
"""

from pipeline.corpora.sources.downloads.connection import Connection, Traffic
from pipeline.corpora.sources.downloads.many import CONNECTIONS, download_many
from pipeline.corpora.sources.downloads.single import DownloadError, Wanted, download

__all__ = [
    "CONNECTIONS",
    "Connection",
    "DownloadError",
    "Traffic",
    "Wanted",
    "download",
    "download_many",
]
