"""Training of our own models: pictures drawn and real, spoiled as the road spoils them, and the nets. `make train`."""
