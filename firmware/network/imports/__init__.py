"""Importing a sheet of the property office at the page: sent as a stream, looked at, taken, and put back."""
