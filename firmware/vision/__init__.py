"""Process 3: cameras -> models -> sightings. No hardware rights but cameras."""

import os

# Before numpy is imported: threads of its linear algebra wait busily, and burnt a second core for a plate's corners.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
