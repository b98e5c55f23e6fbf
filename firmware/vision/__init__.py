"""Process 3: cameras -> models -> sightings. No hardware rights but cameras."""
