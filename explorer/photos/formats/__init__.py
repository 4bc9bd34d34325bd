"""What an image file is, and its first picture, as far as the file itself says it."""
