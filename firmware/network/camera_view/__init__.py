"""Cameras at the page: their newest picture, always under a purpose in the journal; and faces, with consent."""
