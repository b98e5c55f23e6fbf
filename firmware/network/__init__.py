"""Process 2: the status page and the mDNS announcement. No hardware rights."""
