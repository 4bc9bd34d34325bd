"""The photo tab."""
