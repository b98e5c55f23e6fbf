"""`menshen wire FILE`: the installer's view of every input, output and reader, asked of the running controller."""
