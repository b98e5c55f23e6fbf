"""Faces: found, straightened by their landmarks, judged, embedded and compared. Nothing is kept here."""
