# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True
"""The events of a MIDI file and its notes, one after the other in machine code.

The same results as those of ``events`` and ``notes``, which compute with whole arrays: some two
hundred passes over the few thousand events of a file. Whatever bytes a file holds, no memory outside
it is read: each place is compared with the length of the file, and every index of an array is checked.
"""

import numpy as np

cdef extern from *:
    """
    #ifndef SOURCE_DIGEST
    #define SOURCE_DIGEST ""
    #endif
    """
    const char* SOURCE_DIGEST

cdef enum:
    NOTE_OFF = 0x80
    NOTE_ON = 0x90
    KEY_PRESSURE = 0xA0
    CONTROL = 0xB0
    PROGRAM = 0xC0
    BEND = 0xE0
    SYSEX = 0xF0
    SYSEX_MORE = 0xF7
    REAL_TIME = 0xF8
    META = 0xFF

    TRACK_NAME = 0x03
    LYRIC = 0x05
    END_OF_TRACK = 0x2F
    SET_TEMPO = 0x51
    TIME_SIGNATURE = 0x58
    KEY_SIGNATURE = 0x59

    N_CHANNELS = 16
    PITCH_BITS = 7
    KEY_BITS = 11
    N_KEYS = 1 << KEY_BITS  # of a track: a pitch of a channel
    LARGE_CHORD = 16  # a chord of more notes is sorted by NumPy
    KEPT = 1 << 19  # numbers whose memory is kept from file to file

cdef enum Fault:
    NO_FAULT
    CUT  # the bytes end inside an event
    LONG_NUMBER  # a number of more than 4 bytes
    NO_EVENT
    NO_STATUS  # data without a status byte
    BAD_STATUS  # a status byte that no file may hold

cdef enum Ending:
    BY_NOTE_OFF
    RESTRUCK
    UNENDED

cdef struct Event:
    Py_ssize_t stop  # where the next event begins; with a fault, the place that its message names
    Py_ssize_t data  # of a meta event or a system exclusive event, its first byte
    long long delta
    int status
    int kind  # of a meta event
    int running  # the status byte in force; 0 where there is none
    Fault fault


_kept = None


def _take(Py_ssize_t n):
    """An array of at least n numbers of any value; the one of the file before, unless a thread is using it.

    Memory that every file had to ask for anew would take a tenth of the time.
    """
    global _kept
    found, _kept = _kept, None
    return np.empty(max(n, KEPT), np.int64) if found is None or len(found) < n else found


def _keep(array):
    """Keep an array of :func:`_take` for the next file."""
    global _kept
    if len(array) == KEPT:
        _kept = array


def source_digest():
    """The sha256 of the source that this module was compiled from."""
    return SOURCE_DIGEST.decode()


cdef struct File:
    const unsigned char* bytes
    Py_ssize_t n


cdef inline bint _has_two_bytes(int status) noexcept nogil:
    return NOTE_OFF <= status < PROGRAM or BEND <= status < SYSEX


cdef inline long long _number(const File* file, Event* event) noexcept nogil:
    """The variable-length number at ``event.stop``, of at most 4 bytes."""
    cdef long long value = 0
    cdef int byte, _
    for _ in range(4):
        if event.stop >= file.n:
            event.fault = CUT
            return 0
        byte = file.bytes[event.stop]
        event.stop += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value
    event.fault = LONG_NUMBER
    return 0


cdef inline void _read_event(const File* file, Py_ssize_t stop, Event* event) noexcept nogil:
    """Read the event at ``event.stop``.

    Args:
        stop: of the track; a channel event does not reach beyond it.
    """
    cdef Py_ssize_t at
    event.delta = _number(file, event)
    if event.fault:
        return
    at = event.stop
    if at >= file.n:
        event.fault = CUT
        return
    event.status = file.bytes[at]
    if event.status < NOTE_OFF and _has_two_bytes(event.running):
        event.status = event.running
        at -= 1
    if event.status < NOTE_OFF:
        if not event.running:
            event.fault = NO_STATUS
            return
        event.status = event.running  # of one data byte
        event.stop = at + 1
    elif _has_two_bytes(event.status):
        if at + 3 > stop or file.bytes[at + 1] >= 0x80 or file.bytes[at + 2] >= 0x80:
            event.fault = NO_EVENT if event.running else NO_STATUS
            return
        event.running = event.status
        event.stop = at + 3
    elif event.status < SYSEX:
        event.running = event.status
        event.stop = at + 2
    else:
        _read_system(file, event)


cdef void _read_system(const File* file, Event* event) noexcept nogil:
    """Read the rest of a meta event, or of a system exclusive or real-time event."""
    cdef long long length
    event.stop += 1
    if event.status == META:
        if event.stop + 1 >= file.n:
            event.fault = CUT
            return
        event.kind = file.bytes[event.stop]
        event.stop += 1
    elif event.status == SYSEX or event.status == SYSEX_MORE:
        event.running = 0
    else:
        if event.status < REAL_TIME:
            event.fault = BAD_STATUS
        return
    length = _number(file, event)
    event.data = event.stop
    event.stop += length


cdef Py_ssize_t _count_rest(
    const File* file, Py_ssize_t begin, Py_ssize_t stop, int running
) noexcept nogil:
    """The events between the End of Track and the end of the track; what is no event counts as one."""
    cdef Event event
    cdef Py_ssize_t n_events = 0
    while stop > begin and not file.bytes[stop - 1]:
        stop -= 1
    event.stop, event.running, event.fault = begin, running, NO_FAULT
    while event.stop < stop and not event.fault:
        _read_event(file, stop, &event)
        n_events += 1
    return n_events


def scan(bytes content, const long long[::1] begins, const long long[::1] stops):
    """Read the events of tracks, until the first fault.

    Args:
        content: the file.
        begins: the first byte of each track.
        stops: the byte after its last, as its chunk declares it.

    Returns:
        The fault, and the byte that its message names; for each track that was read, its meta events
        (:class:`scan.Track` has them so), when it ends, whether it has its End of Track, and the number
        of events after it; time, key and is_on of every note-on and note-off, as :class:`events.Events`
        has them; owner and time of each controller that ends all notes.
    """
    cdef const unsigned char[::1] view = content
    cdef File file
    file.n = len(content)
    file.bytes = &view[0] if file.n else NULL
    cdef Py_ssize_t most = file.n // 3 + 1, n = 0, n_tracks = 0, n_before, stop  # a note event has three bytes
    scratch, are_on = _take(2 * most), np.empty(most, np.bool_)
    times, keys = scratch[:most], scratch[most : 2 * most]
    cdef long long[::1] time = times, key = keys
    cdef unsigned char[::1] is_on = are_on.view(np.uint8)
    cdef list tracks = [], silences = [], own_metas, own_silences
    cdef Event event
    cdef long long now, owner
    cdef int controller
    cdef bint has_end
    event.fault, event.stop = NO_FAULT, 0
    while n_tracks < begins.shape[0]:
        stop = min(stops[n_tracks], file.n)
        event.stop, event.running, now, has_end = begins[n_tracks], 0, 0, False
        n_before, own_metas, own_silences = n, [], []
        while event.stop < stop and not has_end:
            _read_event(&file, stop, &event)
            if event.fault:
                break
            now += event.delta
            owner = n_tracks * N_CHANNELS + (event.status & (N_CHANNELS - 1))
            if event.status < KEY_PRESSURE:
                time[n], key[n] = now, owner << PITCH_BITS | view[event.stop - 2]
                is_on[n] = event.status >= NOTE_ON and view[event.stop - 1] > 0
                n += 1
            elif event.status == META:
                if event.kind == END_OF_TRACK:
                    has_end = True
                elif event.kind in (TRACK_NAME, LYRIC, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE):
                    own_metas.append((now, event.kind, content[event.data : event.stop]))
            elif CONTROL <= event.status < PROGRAM:
                controller = view[event.stop - 2]
                if controller == 120 or controller >= 123:  # 121 and 122 end no note
                    own_silences.append((owner, now))
        if not event.fault and (event.stop > stop or (not has_end and stops[n_tracks] > file.n)):
            event.fault = CUT
        if event.fault:
            n = n_before
            break
        n_after_end = _count_rest(&file, event.stop, stop, event.running)
        tracks.append((own_metas, now, has_end, n_after_end))
        silences += own_silences
        n_tracks += 1
    found = (event.fault, event.stop, tracks, times[:n].copy(), keys[:n].copy(), are_on[:n], silences)
    _keep(scratch)
    return found


cdef struct Pitch:
    # the notes of a pitch that wait for their note-offs
    Py_ssize_t first
    Py_ssize_t last
    Py_ssize_t since  # the first of those that have been waiting without a pause
    # where there are too few note-offs
    Py_ssize_t sounding
    Py_ssize_t before

cdef struct Counts:
    # the notes of a channel
    Py_ssize_t struck
    Py_ssize_t lasting
    Py_ssize_t unended
    Py_ssize_t restruck
    Py_ssize_t place  # of the next one
    long long last  # when the last one ends


def pair(
    const long long[::1] time,
    const long long[::1] key,
    const unsigned char[::1] is_on,
    const long long[:, :] silences,
    const long long[::1] track_ends,
):
    """The notes of a file, from its note-ons and note-offs.

    Args:
        time: as :func:`scan` returns it.
        key: likewise.
        is_on: likewise, as bytes.
        silences: likewise, an array of two rows.
        track_ends: when the notes of each track end at the latest.

    Returns:
        Track, channel, number of notes that last, when the last of them ends, and the numbers of the
        notes without length, unended and restruck, of each channel in which a note begins; and onset,
        end and pitch of the notes that last, in the order of :class:`notes.Notes`.
    """
    cdef Py_ssize_t n = time.shape[0], begin = 0, stop, track, n_struck, n_notes = 0, n_silences = 0
    cdef Py_ssize_t most = np.count_nonzero(is_on)
    scratch = _take(4 * most)
    # of each note of a track, by the order of their note-ons: channel and pitch, and the next that waits
    cdef long long[::1] began = scratch[:most], end = scratch[most : 2 * most]
    cdef long long[::1] tone = scratch[2 * most : 3 * most], after = scratch[3 * most : 4 * most]
    cdef unsigned char[::1] ending = np.empty(most, np.uint8)
    onsets, lasts = np.empty(most, np.int64), np.empty(most, np.int64)
    pitches = np.empty(most, np.uint8)
    cdef long long[::1] onset = onsets, last = lasts
    cdef unsigned char[::1] pitch = pitches
    cdef Pitch[N_KEYS] waiting
    cdef Counts[N_CHANNELS] counts
    cdef Counts* own
    cdef int number
    for number in range(N_KEYS):
        waiting[number].first = waiting[number].sounding = waiting[number].before = -1
    rows = []
    while begin < n:
        track, stop = key[begin] >> KEY_BITS, begin
        n_struck = _match(time, key, is_on, began, end, tone, after, ending, waiting, track, &stop)
        if n_struck < 0:
            n_struck = _restrike(time, key, is_on, began, end, ending, waiting, begin, stop)
            while n_silences < silences.shape[1] and silences[0, n_silences] // N_CHANNELS <= track:
                n_silences += 1
            _silence(began, end, tone, ending, n_struck, silences[:, :n_silences], track, track_ends[track])
        _count(began, end, tone, ending, n_struck, counts)
        for number in range(N_CHANNELS):
            counts[number].place = n_notes
            n_notes += counts[number].lasting
        _place(began, end, tone, n_struck, onset, last, pitch, counts)
        for number in range(N_CHANNELS):
            own = &counts[number]
            if own.struck:
                _sort_chords(onset, last, pitch, own.place - own.lasting, own.place)
                n_without_length = own.struck - own.lasting
                rows.append((track, number, own.lasting, own.last, n_without_length, own.unended, own.restruck))
        begin = stop
    _keep(scratch)
    return rows, onsets[:n_notes], lasts[:n_notes], pitches[:n_notes]


cdef Py_ssize_t _match(
    const long long[::1] time,
    const long long[::1] key,
    const unsigned char[::1] is_on,
    long long[::1] began,
    long long[::1] end,
    long long[::1] tone,
    long long[::1] after,
    unsigned char[::1] ending,
    Pitch* waiting,
    Py_ssize_t track,
    Py_ssize_t* stop,
) except? -2:
    """Give every note-off of a track to the first note of its pitch that waits for one.

    Args:
        stop: the first event of the track; becomes the one after its last.

    Returns:
        The number of notes; -1 if some have no note-off.
    """
    cdef Py_ssize_t place = stop[0], n_struck = 0, n_waiting = 0
    cdef Pitch* own
    while place < key.shape[0] and key[place] >> KEY_BITS == track:
        own = &waiting[key[place] & (N_KEYS - 1)]
        if is_on[place]:
            began[n_struck], tone[n_struck] = time[place], key[place] & (N_KEYS - 1)
            ending[n_struck], after[n_struck] = BY_NOTE_OFF, -1
            if own.first < 0:
                own.first = own.since = n_struck
            else:
                after[own.last] = n_struck
            own.last = n_struck
            n_struck += 1
            n_waiting += 1
        elif own.first >= 0:
            end[own.first] = time[place]
            own.first = after[own.first]
            n_waiting -= 1
        place += 1
    stop[0] = place
    return -1 if n_waiting else n_struck


cdef Py_ssize_t _restrike(
    const long long[::1] time,
    const long long[::1] key,
    const unsigned char[::1] is_on,
    const long long[::1] began,
    long long[::1] end,
    unsigned char[::1] ending,
    Pitch* waiting,
    Py_ssize_t begin,
    Py_ssize_t stop,
) except -1:
    """Where note-offs of a pitch are missing: the next stroke ends the note before, as in ``notes``.

    Those that nothing ends become UNENDED; afterwards, no note of the track waits.

    Returns:
        The number of notes of the track.
    """
    cdef Py_ssize_t place, n_struck = 0
    cdef Pitch* own
    for place in range(begin, stop):
        own = &waiting[key[place] & (N_KEYS - 1)]
        n_struck += is_on[place]
        if own.first < 0 or n_struck <= own.since:
            continue
        if is_on[place]:
            if own.sounding >= 0:
                end[own.sounding], ending[own.sounding] = time[place], RESTRUCK
            own.before, own.sounding = own.sounding, n_struck - 1
        elif own.sounding >= 0 and own.before >= 0 and began[own.sounding] == time[place]:
            ending[own.before] = BY_NOTE_OFF  # written after the stroke of its own time
            own.before = -1
        elif own.sounding >= 0:
            end[own.sounding] = time[place]
            own.sounding = own.before = -1
    for place in range(begin, stop):
        own = &waiting[key[place] & (N_KEYS - 1)]
        if own.sounding >= 0:
            ending[own.sounding] = UNENDED
        own.first = own.sounding = own.before = -1
    return n_struck


cdef int _silence(
    const long long[::1] began,
    long long[::1] end,
    const long long[::1] tone,
    const unsigned char[::1] ending,
    Py_ssize_t n_struck,
    const long long[:, :] silences,
    Py_ssize_t track,
    long long track_end,
) except -1:
    """End the UNENDED notes of a track with the next controller that ends all notes of their channel.

    Args:
        silences: none of a later track.
        track_end: the end of the notes after which there is none.
    """
    cdef long long[N_CHANNELS] ends
    cdef Py_ssize_t number, n_left = silences.shape[1]
    cdef int channel
    for channel in range(N_CHANNELS):
        ends[channel] = track_end
    for number in range(n_struck - 1, -1, -1):
        if ending[number] != UNENDED:
            continue
        while n_left and silences[0, n_left - 1] // N_CHANNELS == track and silences[1, n_left - 1] > began[number]:
            n_left -= 1
            ends[silences[0, n_left] % N_CHANNELS] = silences[1, n_left]
        end[number] = ends[tone[number] >> PITCH_BITS]
    return 0


cdef int _count(
    const long long[::1] began,
    const long long[::1] end,
    const long long[::1] tone,
    const unsigned char[::1] ending,
    Py_ssize_t n_struck,
    Counts* counts,
) except -1:
    """Count the notes of each channel of a track."""
    cdef Py_ssize_t number
    cdef Counts* own
    cdef int channel
    for channel in range(N_CHANNELS):
        own = &counts[channel]
        own.struck = own.lasting = own.unended = own.restruck = own.last = 0
    for number in range(n_struck):
        own = &counts[tone[number] >> PITCH_BITS]
        own.struck += 1
        own.lasting += end[number] > began[number]
        own.unended += ending[number] == UNENDED
        own.restruck += ending[number] == RESTRUCK
    return 0


cdef int _place(
    const long long[::1] began,
    const long long[::1] end,
    const long long[::1] tone,
    Py_ssize_t n_struck,
    long long[::1] onset,
    long long[::1] last,
    unsigned char[::1] pitch,
    Counts* counts,
) except -1:
    """Write the notes of a track that last to their places, those of each channel by onset."""
    cdef Py_ssize_t number, place
    cdef Counts* own
    for number in range(n_struck):
        if end[number] > began[number]:
            own = &counts[tone[number] >> PITCH_BITS]
            place = own.place
            own.place += 1
            onset[place], last[place], pitch[place] = began[number], end[number], tone[number] & 0x7F
            own.last = max(own.last, end[number])
    return 0


cdef int _sort_chords(
    const long long[::1] onset, long long[::1] last, unsigned char[::1] pitch, Py_ssize_t begin, Py_ssize_t stop
) except -1:
    """Sort the notes of each onset of a channel by falling pitch and falling end."""
    cdef Py_ssize_t first = begin, after, number, place
    cdef long long end
    cdef unsigned char height
    while first < stop:
        after = first + 1
        while after < stop and onset[after] == onset[first]:
            after += 1
        if after - first > LARGE_CHORD:
            _sort_large(np.asarray(last[first:after]), np.asarray(pitch[first:after]))
        else:
            for number in range(first + 1, after):
                end, height, place = last[number], pitch[number], number
                while place > first and (
                    pitch[place - 1] < height or (pitch[place - 1] == height and last[place - 1] < end)
                ):
                    last[place], pitch[place] = last[place - 1], pitch[place - 1]
                    place -= 1
                last[place], pitch[place] = end, height
        first = after
    return 0


def _sort_large(last, pitch):
    order = np.lexsort((-last, -pitch.astype(np.int64)))
    last[:], pitch[:] = last[order], pitch[order]
