"""The panel that works the plants, for development and training: page, live states, actions, and who may use them."""
