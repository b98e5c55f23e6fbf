"""Why was she refused, and may she? Any event's decision rule by rule, and any holder's answer at a place and time."""
