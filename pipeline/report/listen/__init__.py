"""Chapter Listen: continuations and harmonizations to play, engraved, with their files."""
