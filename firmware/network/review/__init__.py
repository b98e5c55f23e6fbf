"""The page's part before changes go to the gate: what is different, who would be locked out, and then bringing it."""
