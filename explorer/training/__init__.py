"""What the commands leave on disk, and resume from."""
