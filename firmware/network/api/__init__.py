"""The API: what the page shows and does, for other programs; their tokens, and figures for Prometheus."""
