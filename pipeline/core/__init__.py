"""What every stage shares: exact music, vocabulary, tables, accounting, settings, files."""
