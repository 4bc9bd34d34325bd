"""Models and trainings that belong to a visitor."""
