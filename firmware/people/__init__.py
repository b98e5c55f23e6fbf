"""The page's part about people: who may pass, visitors, what of it is at the gate. The people process does the work."""
