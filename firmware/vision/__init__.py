"""Process 3: cameras -> models -> sightings. Its rooms are built with the recognition issue; nothing is here yet."""
