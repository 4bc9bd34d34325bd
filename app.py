"""What a Space runs: `python app.py` serves the page."""

from explorer.ui.app import launch
from explorer.ui.server.ending import leave

if __name__ == "__main__":
    launch()
    leave()
