"""What the page's questions are answered by: made, started and closed together."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.live.spaces import Spaces
from explorer.live.tool_thread import ToolThread
from explorer.live.worker import DecodeWorker
from explorer.ui.map.originals import Originals
from explorer.ui.map.tools import MapTools
from explorer.ui.photo.turns import PhotoTurns
from explorer.visitors.models import OwnModels
from explorer.visitors.trainings import Trainings


@dataclass(frozen=True)
class Services:
    """spaces: the maps that are open. worker: decodes their places. tools: all else that is asked of a map, answered in
    thread. own: visitors' models. trainings: visitors' trainings, whose results own keeps. turns: the photo tab's."""

    spaces: Spaces
    worker: DecodeWorker
    tools: MapTools
    thread: ToolThread
    own: OwnModels
    trainings: Trainings
    turns: PhotoTurns

    def start(self) -> None:
        self.own.remove_left_overs()
        self.trainings.remove_left_overs()
        self.worker.start()
        self.turns.start()

    def close(self) -> None:
        self.close_visitors()
        self.turns.close()
        self.thread.stop()
        self.worker.stop()

    def close_visitors(self) -> None:
        """End visitors' trainings and remove their models; a second time does nothing."""
        self.trainings.close()
        self.own.close()


def make_services() -> Services:
    """Nothing runs yet, and no model is open."""
    spaces = Spaces()
    own = OwnModels(spaces)
    return Services(
        spaces=spaces,
        worker=DecodeWorker(spaces),
        tools=MapTools(spaces, Originals()),
        thread=ToolThread(),
        own=own,
        trainings=Trainings(own.keep),
        turns=PhotoTurns(),
    )
