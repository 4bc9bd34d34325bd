"""Spaces that are open: the decode worker, its routes, and the thread that answers the tools."""
