"""The call of an entrance, at the page: shown on top of it, answered and ended there."""
