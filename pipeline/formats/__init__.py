"""Score formats: readers from bytes to exact notes, writers from grids to MIDI, MusicXML and WAV."""
