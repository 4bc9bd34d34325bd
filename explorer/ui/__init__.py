"""The page: a package for each tab, server/ for what stands before them, app.py to assemble all of it."""
