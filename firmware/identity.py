"""Who this controller is."""
