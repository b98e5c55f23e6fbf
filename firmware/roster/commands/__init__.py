"""The actions of `menshen roster`, one a file: each offers `add(actions)` and is run with the arguments."""
