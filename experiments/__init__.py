"""What takes minutes, or a graphics card: scripts that write JSON into `companion/results`."""
