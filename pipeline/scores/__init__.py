"""A grid as something to open: MIDI to hear it, MusicXML to see it.

Both are written here byte by byte, because the same grid must give the same
file on every day and with every version of any library: no date, no program's
name, no random identifiers. A silence becomes a rest, tied steps a longer note;
voices become parts, the top one first.
"""
