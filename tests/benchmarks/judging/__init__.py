"""Independent reference readers for ours: their input, their notes, and causes of differences."""
