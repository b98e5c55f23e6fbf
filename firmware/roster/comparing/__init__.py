"""What if: the journal's presentations, decided again by another roster. `compare` is the way in."""
