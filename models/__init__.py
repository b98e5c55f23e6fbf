"""TFLite runtime and models: what may be loaded, how it is fetched and run, and what goes in and comes out."""
