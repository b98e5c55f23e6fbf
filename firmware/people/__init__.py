"""Process 4, the property office's desk: edits the roster's source, builds it, hands it in, answers questions about it.

Asked by the page (firmware/people_words). No hardware rights, low priority, bounded memory; one long job at a time.
"""
