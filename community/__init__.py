"""The community server, the other end of the uplink. Its rooms are built with its own issue; nothing is here yet."""
