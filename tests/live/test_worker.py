"""The decode worker without a server: batches, errors, limits, the end of its thread."""

import asyncio
import gc
import math
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import SOON, WatchedWorker, wait_for

from explorer.live import worker as decode_worker
from explorer.live.places import Place
from explorer.live.spaces import GONE, Spaces, UnknownModel
from explorer.live.worker import Busy, DecodeWorker, Frame, to_bytes
from explorer.maps import latent_space, planes, space
from explorer.maps.latent_space import LatentSpace


@pytest.fixture
def worker(digits_checkpoint: Path, digits_checkpoint_5d: Path) -> Iterator[WatchedWorker]:
    worker = WatchedWorker(str(digits_checkpoint), str(digits_checkpoint_5d))
    worker.start()
    worker.wait_until_warm()
    yield worker
    worker.forget()
    worker.stop()


async def while_held(worker: WatchedWorker, model: str, places: list[Place]) -> list[Frame | BaseException]:
    """Hold the worker in the first place's batch until all the others wait, then let it go."""
    watched = worker.space(model)
    for place in places:
        with suppress(ValueError):
            worker.spaces.resolve(place)  # so that its plane is open
    watched.hold()
    first = asyncio.ensure_future(worker.decode(Place(model, 0.0, 0.0)))
    await asyncio.to_thread(watched.entered.wait, SOON)
    others = [asyncio.ensure_future(worker.decode(place)) for place in places]
    await asyncio.sleep(0)  # each runs up to where it waits for its frame
    watched.gate.set()
    await first
    return await asyncio.gather(*others, return_exceptions=True)


def test_a_frame_holds_the_rounded_pixels_of_its_place(worker: WatchedWorker) -> None:
    model = worker.names[0]
    frame = asyncio.run(worker.decode(Place(model, 0.5, -1.0)))
    assert frame.pixels == to_bytes(worker.space(model).space.decode([[0.5, -1.0]])).tobytes()
    assert (frame.width, frame.height) == (8, 8)
    assert math.isfinite(frame.decode_ms)


def test_a_point_at_its_own_place_decodes_to_its_own_reconstruction(worker: WatchedWorker) -> None:
    model = worker.names[1]
    space = worker.space(model).space
    x, y = space.plane[3].tolist()
    frame = asyncio.run(worker.decode(Place(model, x, y, point=3)))
    assert frame.pixels == to_bytes(space.decode(space.latents[3:4])).tobytes()


def test_an_anchor_matters_when_the_map_is_a_plane_through_more_dimensions(worker: WatchedWorker) -> None:
    model = worker.names[1]
    asyncio.run(worker.decode(Place(model, 0.5, 0.5)))
    asyncio.run(worker.decode(Place(model, 0.5, 0.5, point=3)))
    through_mean, through_point = worker.space(model).places
    assert not np.allclose(through_mean, through_point)


def test_places_that_wait_together_are_decoded_in_one_batch(worker: WatchedWorker) -> None:
    model = worker.names[0]
    asyncio.run(while_held(worker, model, [Place(model, x / 10, 0.0) for x in range(9)]))
    assert worker.space(model).batches == [1, 9]


def test_each_place_of_a_batch_gets_its_own_frame(worker: WatchedWorker) -> None:
    model = worker.names[0]
    points = [(x / 5, -x / 7) for x in range(9)]
    frames = asyncio.run(while_held(worker, model, [Place(model, *point) for point in points]))
    expected = to_bytes(worker.space(model).space.decode(points))
    assert [frame.pixels for frame in frames if isinstance(frame, Frame)] == [image.tobytes() for image in expected]


def test_places_of_several_maps_that_wait_together_cost_one_batch_for_each_map(worker: WatchedWorker) -> None:
    flat, deep = worker.names
    places = [Place(name, 0.1, 0.2) for name in (flat, deep, flat, deep, deep)]
    frames = asyncio.run(while_held(worker, flat, places))
    assert (worker.space(flat).batches, worker.space(deep).batches) == ([1, 2], [3])
    assert len({frame.pixels for frame in frames if isinstance(frame, Frame)}) == 2


def test_points_of_one_batch_keep_their_own_anchors(worker: WatchedWorker) -> None:
    model = worker.names[1]
    space = worker.space(model).space
    places = [Place(model, *space.plane[point].tolist(), point=point) for point in range(5)]
    asyncio.run(while_held(worker, model, places))
    np.testing.assert_allclose(worker.space(model).places[1:], space.latents[:5], atol=1e-6)


def test_a_batch_has_at_most_max_batch_places(worker: WatchedWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_worker, "MAX_BATCH", 4)
    model = worker.names[0]
    asyncio.run(while_held(worker, model, [Place(model, 0.0, 0.0)] * 10))
    assert worker.space(model).batches == [1, 4, 4, 2]


def test_more_places_than_max_pending_are_refused(worker: WatchedWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_worker, "MAX_PENDING", 3)
    model = worker.names[0]
    results = asyncio.run(while_held(worker, model, [Place(model, 0.0, 0.0)] * 5))
    assert [type(result) for result in results] == [Frame, Frame, Frame, Busy, Busy]


def test_an_error_in_a_batch_reaches_those_who_wait_for_it(worker: WatchedWorker) -> None:
    model = worker.names[0]
    worker.space(model).error = RuntimeError("out of memory")
    with pytest.raises(RuntimeError, match="out of memory"):
        asyncio.run(worker.decode(Place(model, 0.0, 0.0)))


def test_a_batch_that_fails_is_decoded_one_by_one_and_only_the_bad_place_gets_the_error(worker: WatchedWorker) -> None:
    model = worker.names[0]
    worker.space(model).poison = 0.75
    points = [(0.0, 0.0), (0.75, 0.0), (0.5, 0.5), (0.75, 1.0), (1.0, -1.0)]
    results = asyncio.run(while_held(worker, model, [Place(model, *point) for point in points]))
    assert worker.space(model).batches == [1, 5, 1, 1, 1, 1, 1]
    assert [type(result) for result in results] == [Frame, RuntimeError, Frame, RuntimeError, Frame]
    for point, result in zip(points, results, strict=True):
        if isinstance(result, Frame):
            assert result.pixels == frame_of(worker, model, np.array(point, np.float32))


@pytest.mark.parametrize("plane", [None, "p4-p9-p200", "z1-z3"])
def test_a_place_whose_latent_lies_too_far_out_is_refused_at_once_and_costs_nobody_else(
    worker: WatchedWorker, plane: str | None
) -> None:
    model = worker.names[1]
    far = [Place(model, x, y, 3, plane) for x, y in ((1e6, 1e6), (-1e6, 1e6), (1e6, -1e6), (-1e6, -1e6))]
    near = [Place(model, 0.5, 0.5, 3, plane)] * 4
    results = asyncio.run(while_held(worker, model, [place for pair in zip(far, near, strict=True) for place in pair]))
    refused = [result for result in results[::2] if isinstance(result, ValueError)]
    assert refused or plane == "z1-z3"
    assert all(str(error) == "The place must lie within ±1e+06." for error in refused)
    assert all(isinstance(result, Frame) for result in results[1::2])
    assert len(worker.space(model).batches) == 2  # nobody's batch failed


def test_the_thread_lives_on_after_an_error(worker: WatchedWorker) -> None:
    model = worker.names[0]
    worker.space(model).error = RuntimeError("out of memory")
    with pytest.raises(RuntimeError):
        asyncio.run(worker.decode(Place(model, 0.0, 0.0)))
    assert asyncio.run(worker.decode(Place(model, 0.0, 0.0))).width == 8


def test_the_thread_lives_on_when_the_first_decoding_of_a_map_fails(digits_checkpoint: Path, tmp_path: Path) -> None:
    worker = DecodeWorker(Spaces([str(tmp_path / "missing"), str(digits_checkpoint)], device="cpu"))
    worker.start()
    frame = asyncio.run(asyncio.wait_for(worker.decode(Place(str(digits_checkpoint), 0.0, 0.0)), SOON))
    worker.stop()
    assert frame.width == 8


def test_a_visitor_who_leaves_while_waiting_does_not_disturb_the_others(worker: WatchedWorker) -> None:
    model = worker.names[0]

    async def leave_one() -> Frame:
        watched = worker.space(model)
        watched.hold()
        leaving = asyncio.ensure_future(worker.decode(Place(model, 0.0, 0.0)))
        await asyncio.to_thread(watched.entered.wait, SOON)
        staying = asyncio.ensure_future(worker.decode(Place(model, 1.0, 0.0)))
        await asyncio.sleep(0)
        leaving.cancel()
        watched.gate.set()
        return await staying

    assert asyncio.run(leave_one()).width == 8


def test_a_loop_that_closes_while_its_places_wait_does_not_end_the_thread(worker: WatchedWorker) -> None:
    model = worker.names[0]
    watched = worker.space(model)
    watched.hold()

    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(worker.decode(Place(model, 0.0, 0.0)), 0.01)

    asyncio.run(give_up())
    watched.gate.set()
    assert asyncio.run(worker.decode(Place(model, 0.0, 0.0))).width == 8


def test_stopping_ends_the_thread(digits_checkpoint: Path) -> None:
    worker = DecodeWorker(Spaces([str(digits_checkpoint)], device="cpu"))
    worker.start()
    worker.stop()
    assert not worker._thread.is_alive()


def test_maps_are_ready_before_anyone_asks(worker: WatchedWorker) -> None:
    assert worker.spaces.loaded == worker.names


def test_an_unknown_map_is_refused_with_the_names_there_are(worker: WatchedWorker) -> None:
    with pytest.raises(UnknownModel) as caught:
        asyncio.run(worker.decode(Place("../../secrets", 0.0, 0.0)))
    assert "secrets" not in str(caught.value)
    assert all(name in str(caught.value) for name in worker.names)


def test_a_point_beyond_the_test_set_is_refused(worker: WatchedWorker) -> None:
    with pytest.raises(ValueError, match="point must be smaller than 500"):
        asyncio.run(worker.decode(Place(worker.names[0], 0.0, 0.0, point=500)))


def frame_of(worker: WatchedWorker, model: str, z: np.ndarray) -> bytes:
    return to_bytes(worker.space(model).space.decode(z[None])).tobytes()


@pytest.mark.parametrize("map_", [0, 1], ids=["flat", "deep"])
def test_a_latent_decodes_to_its_own_image(worker: WatchedWorker, map_: int) -> None:
    model = worker.names[map_]
    for z in worker.space(model).space.sample(8, "prior", map_):
        frame = asyncio.run(worker.decode(Place(model, 0.0, 0.0, z=tuple(z.tolist()))))
        np.testing.assert_array_equal(worker.space(model).places[-1], z)
        assert frame.pixels == frame_of(worker, model, z)


def test_a_latent_stands_for_all_the_rest_of_its_place(worker: WatchedWorker) -> None:
    model = worker.names[1]
    z = worker.space(model).space.latents[11]
    for plane in (None, "z1-z3", "p1-p2-p3"):
        asyncio.run(worker.decode(Place(model, 5.0, -5.0, 3, plane, tuple(z.tolist()))))
        np.testing.assert_array_equal(worker.space(model).places[-1], z)


def test_a_place_in_another_plane_is_a_place_of_the_map_in_that_plane(worker: WatchedWorker) -> None:
    model = worker.names[1]
    space = worker.space(model).space
    for plane in ("z1-z3", "p4-p9-p200"):
        frame = asyncio.run(worker.decode(Place(model, 0.5, -0.25, plane=plane)))
        (z,) = space.in_plane(plane).from_plane([[0.5, -0.25]])
        np.testing.assert_array_equal(worker.space(model).places[-1], z)
        assert frame.pixels == frame_of(worker, model, z)


def test_a_point_at_its_own_place_in_another_plane_is_its_own_reconstruction(worker: WatchedWorker) -> None:
    model = worker.names[1]
    space = worker.space(model).space
    for plane in ("z1-z3", "p4-p9-p200"):
        x, y = space.in_plane(plane).plane[3].tolist()
        frame = asyncio.run(worker.decode(Place(model, x, y, 3, plane)))
        assert frame.pixels == frame_of(worker, model, space.latents[3])


def test_places_of_several_planes_that_wait_together_are_decoded_in_one_batch(worker: WatchedWorker) -> None:
    model = worker.names[1]
    space = worker.space(model).space
    planes = [None, "z1-z3", "p4-p9-p200", "z3-z1"]
    places, expected = [], []
    for point in range(24):
        plane = planes[point % 4]
        shown = space if plane is None else space.in_plane(plane)
        if point % 3:
            x, y = shown.plane[point].tolist()
            places.append(Place(model, x + 0.5, y, point, plane))
            expected.append(shown.from_plane([[x + 0.5, y]], space.latents[point])[0])
        else:
            places.append(Place(model, 0.0, 0.0, plane=plane, z=tuple(space.latents[point].tolist())))
            expected.append(space.latents[point])
    frames = asyncio.run(while_held(worker, model, places))
    assert worker.space(model).batches == [1, 24]
    np.testing.assert_array_equal(worker.space(model).places[1:], expected)
    images = to_bytes(space.decode(expected))
    assert [frame.pixels for frame in frames if isinstance(frame, Frame)] == [image.tobytes() for image in images]


@pytest.mark.parametrize("count", [0, 1, 4, 6, 1024])
def test_a_latent_of_another_length_is_refused(worker: WatchedWorker, count: int) -> None:
    for model, sentence in zip(worker.names, ("z must have 2 numbers", "z must have 5 numbers"), strict=True):
        with pytest.raises(ValueError, match=sentence):
            asyncio.run(worker.decode(Place(model, 0.0, 0.0, z=(0.0,) * count)))


@pytest.mark.parametrize("plane", ["", "pca", "z1-z5", "z1-z1", "p0-p1-p500", "p7-p7-p8", "<b>", "z0-z1\x00"])
def test_a_plane_that_is_none_of_the_maps_is_refused(worker: WatchedWorker, plane: str) -> None:
    for model in worker.names:
        with pytest.raises(
            ValueError, match=r"^(A plane is named|Each (point|dimension) of a plane|digits has two)"
        ) as no:
            asyncio.run(worker.decode(Place(model, 0.0, 0.0, plane=plane)))
        assert "<b>" not in str(no.value)


def test_a_refused_plane_or_latent_does_not_end_the_thread(worker: WatchedWorker) -> None:
    model = worker.names[1]
    for place in (Place(model, 0.0, 0.0, plane="<b>"), Place(model, 0.0, 0.0, z=(1.0,))):
        with pytest.raises(ValueError, match="z"):
            asyncio.run(worker.decode(place))
    assert asyncio.run(worker.decode(Place(model, 0.0, 0.0))).width == 8


def test_pixels_are_rounded_to_the_nearest_byte() -> None:
    assert to_bytes(np.array([0.0, 0.4 / 255, 0.6 / 255, 1.0])).tolist() == [0, 0, 1, 255]


def test_a_visitors_model_is_decoded_for_who_knows_its_name_until_it_is_removed(
    worker: WatchedWorker, digits_checkpoint_5d: Path
) -> None:
    space, name = LatentSpace.open(str(digits_checkpoint_5d), "cpu"), "own-0123456789abcdef"
    with pytest.raises(UnknownModel, match=GONE):
        asyncio.run(worker.decode(Place(name, 0.0, 0.0)))
    worker.spaces.add(name, space)
    frame = asyncio.run(worker.decode(Place(name, 0.0, 0.0, plane="z1-z3")))
    expected = space.decode(space.in_plane("z1-z3").from_plane([[0.0, 0.0]]))
    assert frame.pixels == to_bytes(expected).tobytes()
    assert name not in [*worker.names, *worker.spaces.loaded]
    worker.spaces.remove(name)
    worker.spaces.remove(name)
    with pytest.raises(UnknownModel, match=GONE):
        asyncio.run(worker.decode(Place(name, 0.0, 0.0)))


def test_neither_a_map_nor_a_plane_is_opened_on_the_event_loop(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bool] = []

    def noted(open_: Callable[..., Any]) -> Callable[..., Any]:
        def note(*arguments: Any) -> Any:
            with suppress(RuntimeError):  # of a thread without a loop
                asyncio.get_running_loop()
                raise AssertionError("opened on the event loop")
            opened.append(True)
            return open_(*arguments)

        return note

    monkeypatch.setattr(latent_space, "load", noted(latent_space.load))
    monkeypatch.setattr(space, "named", noted(planes.named))
    model = str(copied(digits_checkpoint_5d))
    worker = DecodeWorker(Spaces([], device="cpu"))
    worker.spaces.add("own-a", LatentSpace.open(model, "cpu"))
    worker.start()
    for plane in (None, "z1-z3", "z1-z3"):
        asyncio.run(worker.decode(Place("own-a", 0.5, 0.5, plane=plane)))
    worker.spaces.names.append(model)  # now that the thread has opened what it opens by itself
    for plane in (None, "z1-z3", "z1-z3", "z0-z2"):
        asyncio.run(worker.decode(Place(model, 0.5, 0.5, plane=plane)))
    worker.stop()
    assert len(opened) == 4


def test_a_removed_model_is_freed_though_its_frame_was_the_last(digits_checkpoint_5d: Path) -> None:
    worker = DecodeWorker(Spaces([], device="cpu"))
    worker.start()
    worker.spaces.add("own-a", LatentSpace.open(str(digits_checkpoint_5d), "cpu"))
    asyncio.run(worker.decode(Place("own-a", 0.0, 0.0, plane="z0-z1")))
    held = weakref.ref(worker.spaces.open("own-a")), weakref.ref(worker.spaces.open("own-a", "z0-z1"))
    worker.spaces.remove("own-a")

    def freed() -> bool:
        gc.collect()
        return [reference() for reference in held] == [None, None]

    wait_for(freed)  # the thread may not have left the last batch yet
    worker.stop()


def test_a_model_that_is_removed_while_its_place_waits_is_still_decoded(
    worker: WatchedWorker, digits_checkpoint_5d: Path
) -> None:
    async def remove_while_waiting() -> Frame:
        watched = worker.space(worker.names[0])
        watched.hold()
        first = asyncio.ensure_future(worker.decode(Place(worker.names[0], 0.0, 0.0)))
        await asyncio.to_thread(watched.entered.wait, SOON)
        waiting = asyncio.ensure_future(worker.decode(Place("own-a", 0.0, 0.0)))
        await asyncio.sleep(0)
        worker.spaces.remove("own-a")
        watched.gate.set()
        await first
        return await waiting

    worker.spaces.add("own-a", LatentSpace.open(str(digits_checkpoint_5d), "cpu"))
    assert asyncio.run(remove_while_waiting()).width == 8
