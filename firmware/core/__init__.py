"""The pure heart: (state, now, fact) -> (state, effects). No input or output, no clock, no logging."""
