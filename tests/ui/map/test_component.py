"""The figure of a map, and what the page is told of a picked point."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import explorer
from explorer.maps.recipes import RECIPES
from explorer.ui.map.component import FOLDER, LABEL_PIXELS, MAP_PIXELS, figure, of_tools


@pytest.mark.parametrize("name", RECIPES)
def test_every_test_point_is_on_the_map_in_the_trace_of_its_class(name: str) -> None:
    space = explorer.load(name)
    traces = figure(space).data
    assert [trace.name for trace in traces] == space.class_names
    drawn = np.concatenate([trace.customdata for trace in traces])
    np.testing.assert_array_equal(np.sort(drawn), np.arange(len(space.latents)))
    for label, trace in enumerate(traces):
        assert trace.type == "scattergl"
        np.testing.assert_array_equal(space.labels[trace.customdata], label)
        np.testing.assert_array_equal(np.stack([trace.x, trace.y], 1), space.plane[trace.customdata])


@pytest.mark.parametrize("name", RECIPES)
def test_the_names_of_the_classes_do_not_cover_each_other(name: str) -> None:
    space = explorer.load(name)
    scale = MAP_PIXELS / np.ptp(space.plane[:, 1])
    spots = [np.array([a.x * scale, a.y * scale + a.yshift]) for a in figure(space).layout.annotations]
    assert len(spots) == len(space.class_names)
    for one, other in itertools.combinations(spots, 2):
        assert (np.abs(one - other) >= LABEL_PIXELS - 1e-6).any()


def test_the_axes_have_the_same_scale() -> None:
    layout = figure(explorer.load("digits-vae-2d")).layout
    assert (layout.yaxis.scaleanchor, layout.yaxis.scaleratio) == ("x", 1)


def test_each_tool_is_a_folder_with_its_panel_and_its_module() -> None:
    listed = re.findall(r'from "\./(\w+)/\1\.js"', (FOLDER / "tools" / "tools.js").read_text(encoding="utf-8"))
    folders = [folder.name for folder in sorted((FOLDER / "tools").iterdir()) if folder.is_dir()]
    assert sorted(listed) == folders == [Path(file).stem for file in of_tools("html")]
