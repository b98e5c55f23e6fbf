"""From which likeness on two faces are one person's, and by which weights: what is in service, for whoever asks.

The vision process compares by it, evaluations count by it, and the controller holds records and templates against it.
"""

from __future__ import annotations

# sha256 of the embedder whose likeness the threshold is of; a test compares it with models/manifest.toml.
EMBEDDER = "b67366e085ec9f6c2afb05c10397a46edeb823367abaec77f64f5ce946ac2847"
THRESHOLD = 0.5  # the cosine. On the pairs at hand those of one person have 0.65 to 0.91, those of two at most 0.24
MARGIN = 0.06  # of many: by so much it must be more like one holder than like any other
