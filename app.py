"""What a Space runs: `python app.py` serves the page."""

from explorer.ui.app import launch

if __name__ == "__main__":
    launch()
