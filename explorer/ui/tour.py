"""The guided tour: seven stops over all tabs, a sentence each."""

from __future__ import annotations

from explorer.ui.component import component, mounted, read


def build() -> None:
    """The button that starts it, and the card that leads through; the map sets itself to each stop."""
    component(read("tour/tour.html"), read("tour/tour.css"), mounted("tour/start.js"), "tour")
