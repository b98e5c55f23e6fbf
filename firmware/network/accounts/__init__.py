"""Accounts of the page: who may log in, how it is proven, and how each change of it gets into the journal first."""
