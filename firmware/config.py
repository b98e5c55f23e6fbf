"""Types of the configuration."""
