"""Number plates: where they are in a picture, what they say, and how sure that is."""
