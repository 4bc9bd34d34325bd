"""What stands before the page and holds each visitor to limits."""
