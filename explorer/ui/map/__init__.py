"""The map tab: its component, its tools, their endpoints and routes."""
