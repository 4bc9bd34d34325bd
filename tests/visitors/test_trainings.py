"""Visitors' trainings without a page: processes, the line, limits, cancelling; and what becomes of their results."""

import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from serving import SOON, wait_for

import explorer
from explorer.addresses import Visitor, share
from explorer.live.spaces import GONE, OWN, Spaces, UnknownModel
from explorer.training import exit_codes, resume
from explorer.visitors import models as own_models
from explorer.visitors import train_progress
from explorer.visitors import trainings as train_here
from explorer.visitors.models import OwnModels
from explorer.visitors.train_options import BOUNDS, Options, training_command
from explorer.visitors.train_progress import LOSSES, ProgressReader
from explorer.visitors.trainings import (
    BROKEN,
    CANCELLED,
    CLOSED,
    DIVERGED,
    FULL,
    FULL_HERE,
    LEFT,
    REPLACED,
    RUNNING,
    TOO_LONG,
    WAITING,
    Training,
    Trainings,
    result_of,
)

SLEEP = "import time; time.sleep(600)"
LONG = 6 * SOON  # a real training starts with the import of PyTorch, on cores that others use too


def python(code: str) -> Callable[[Options], list[str]]:
    return lambda _options: [sys.executable, "-c", code]


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
        return " Z " not in Path(f"/proc/{process_id}/stat").read_text()  # an orphan that nobody has buried yet
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.fixture
def kept() -> list[tuple[str, Path, bool]]:
    """What trainings have handed over: whose, its folder, and whether it was there."""
    return []


@pytest.fixture
def trainings(kept: list[Any]) -> Iterator[Callable[..., Trainings]]:
    """A function that makes Trainings of a small program in the real one's place."""
    made: list[Trainings] = []

    def keep(visitor: str, folder: Path) -> str:
        kept.append((visitor, folder, folder.parent.parent.is_dir()))
        return f"kept-{len(kept)}"

    def make(code: str = SLEEP, keep: Callable[[str, Path], str] = keep) -> Trainings:
        made.append(Trainings(keep, python(code)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def until_over(trainings: Trainings, training: Training, seconds: int = SOON) -> None:
    end = time.monotonic() + seconds
    while not trainings.keep_alive(training).over:
        assert time.monotonic() < end, "It did not end."
        time.sleep(0.02)


def process_of(training: Training) -> tuple[int, Path]:
    assert training.process is not None
    assert training.folder is not None
    return training.process.pid, training.folder


def is_cleaned(training: Training, process_id: int, folder: Path) -> bool:
    return training.process is None and not is_alive(process_id) and not folder.exists()


# bounds


def ascii_id(value: Any) -> str:
    return repr(value)[:9]


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("value", [None, "2", True, float("nan"), float("inf"), -1, 1e9, [2], 10**400], ids=ascii_id)
def test_what_is_out_of_bounds_is_refused_with_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"must be a (whole )?number from \d+ to \d+\.$"):
        Options(**{name: value})


@pytest.mark.parametrize("name", [name for name in BOUNDS if name != "beta"])
def test_only_beta_may_be_a_fraction(name: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Options(**{name: BOUNDS[name][0] + 0.5})
    assert Options(beta=0.5).beta == 0.5


@pytest.mark.parametrize("name", BOUNDS)
def test_both_bounds_are_allowed(name: str) -> None:
    for bound in BOUNDS[name]:
        assert getattr(Options(**{name: float(bound)}), name) == bound


def test_a_command_holds_nothing_but_numbers_beside_the_program() -> None:
    command = training_command(Options(latent_dim=16, beta=10, width=512, epochs=1))
    assert command[-4:] == ["--latent-dim=16", "--beta=10", "--width=512", "--epochs=1"]
    assert "--out" not in " ".join(command)


# processes


def test_a_training_runs_in_a_process_and_a_folder_of_its_own(trainings: Callable[..., Trainings]) -> None:
    training = trainings().start("a", Options())
    process_id, folder = process_of(training)
    assert training.state == "running"
    assert is_alive(process_id)
    assert process_id != os.getpid()
    assert folder.is_dir()


def test_cancelling_kills_the_process_and_removes_its_folder(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    training = here.start("a", Options())
    ids = process_of(training)
    assert here.cancel("a")
    assert is_cleaned(training, *ids)
    assert (training.state, training.sentence) == ("ended", CANCELLED)
    assert not here.cancel("a")


def test_cancelling_touches_nobody_elses(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    mine, theirs = here.start("a", Options()), here.start("b", Options())
    here.cancel("a")
    assert mine.over
    assert theirs.state == "running"
    assert is_alive(process_of(theirs)[0])


def test_a_new_training_takes_the_place_of_the_visitors_old_one(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    old = here.start("a", Options())
    ids = process_of(old)
    new = here.start("a", Options(epochs=3))
    assert is_cleaned(old, *ids)
    assert (old.state, old.sentence, new.state) == ("ended", REPLACED, "running")
    assert new.number > old.number


def test_two_run_at_once_and_the_others_know_their_places(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    started = [here.start(str(visitor), Options()) for visitor in range(RUNNING + 3)]
    assert [training.state for training in started] == ["running"] * RUNNING + ["waiting"] * 3
    assert [training.place for training in started[RUNNING:]] == [1, 2, 3]
    here.cancel("2")
    wait_for(lambda: [training.place for training in started[RUNNING:]] == [0, 1, 2])
    here.cancel("0")
    wait_for(lambda: started[RUNNING + 1].state == "running" and started[RUNNING + 2].place == 1)


def test_a_full_line_is_refused_with_a_sentence_and_leaves_what_runs(
    trainings: Callable[..., Trainings],
) -> None:
    here = trainings()
    started = [here.start(str(visitor), Options()) for visitor in range(RUNNING + WAITING)]
    with pytest.raises(ValueError, match="wait in line") as refusal:
        here.start("one too many", Options())
    assert str(refusal.value) == FULL
    with pytest.raises(ValueError, match="wait in line"):
        here.start("0", Options())
    assert started[0].state == "running"
    assert here.start(str(RUNNING), Options()).place == WAITING  # who waits already may change their mind


HERE, THERE = "192.0.2.1", "198.51.100.7"


def test_made_up_sessions_of_one_address_leave_room_in_the_line_for_others(trainings: Callable[..., Trainings]) -> None:
    here, room = trainings(), share(WAITING, train_here.OF_ONE)
    for number in range(RUNNING + room):
        here.start(Visitor(f"made up {number}", HERE), Options())
    with pytest.raises(ValueError, match=FULL_HERE):
        here.start(Visitor("one more", HERE), Options())
    assert here.start(Visitor("made up 5", HERE), Options()).place  # who waits already may change their mind
    assert here.start(Visitor("other", THERE), Options()).place == 1


def test_addresses_take_turns_in_the_line(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    mine = [here.start(Visitor(f"a{number}", HERE), Options()) for number in range(RUNNING + 3)]
    theirs = [here.start(Visitor(f"b{number}", THERE), Options()) for number in range(2)]
    assert [training.place for training in mine] == [0, 0, 3, 4, 5]
    assert [training.place for training in theirs] == [1, 2]


def test_a_classroom_behind_one_address_may_have_the_whole_line(
    trainings: Callable[..., Trainings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_PER_ADDRESS", "200")
    here = trainings()
    started = [here.start(Visitor(str(number), HERE), Options()) for number in range(RUNNING + WAITING)]
    assert [training.place for training in started[RUNNING:]] == list(range(1, WAITING + 1))


def test_a_training_is_ended_by_its_session_from_whatever_address_it_comes_now(
    trainings: Callable[..., Trainings],
) -> None:
    here = trainings()
    training = here.start(Visitor("session", HERE), Options())
    assert here.cancel(Visitor("session", THERE))
    assert training.over


def test_twenty_visitors_at_once_are_all_served_two_at_a_time(
    trainings: Callable[..., Trainings], kept: list[tuple[str, Path, bool]]
) -> None:
    here = trainings("import time; time.sleep(.1)")
    started: list[Training] = []
    threads = [
        threading.Thread(target=lambda visitor=str(visitor): started.append(here.start(visitor, Options())))
        for visitor in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    most = 0
    while not all(here.keep_alive(training).over for training in started):
        most = max(most, sum(training.state == "running" for training in started))
        time.sleep(0.01)
    assert most <= RUNNING
    assert {training.state for training in started} == {"done"}
    assert {visitor for visitor, _, _ in kept} == {str(visitor) for visitor in range(20)}
    assert all(there for _, _, there in kept)
    assert not any(folder.parent.parent.exists() for _, folder, _ in kept)


def test_a_training_over_its_time_is_stopped(
    trainings: Callable[..., Trainings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_here, "SECONDS", 0.3)
    here = trainings()
    training = here.start("a", Options())
    ids = process_of(training)
    until_over(here, training)
    assert (training.state, training.sentence) == ("failed", TOO_LONG)
    assert is_cleaned(training, *ids)


def test_a_training_that_nobody_looks_at_any_more_ends(
    trainings: Callable[..., Trainings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_here, "UNWATCHED_SECONDS", 0.3)
    here = trainings()
    started = [here.start(str(visitor), Options()) for visitor in range(RUNNING + 1)]
    wait_for(lambda: all(training.over for training in started))
    assert {training.sentence for training in started} == {LEFT}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import sys; sys.exit(3)", BROKEN),
        ("import os; os.abort()", BROKEN),
        ("import sys; sys.exit('The loss is no longer finite; /a/path')", BROKEN),
        (f"import sys; print('/a/path'); sys.exit({exit_codes.DIVERGED})", DIVERGED),
    ],
)
def test_a_training_that_fails_says_why_without_naming_folders(
    trainings: Callable[..., Trainings], code: str, sentence: str
) -> None:
    here = trainings(code)
    training = here.start("a", Options())
    until_over(here, training)
    assert (training.state, training.sentence) == ("failed", sentence)
    assert training.folder is not None
    assert not training.folder.exists()


def test_a_result_that_cannot_be_opened_fails_with_its_sentence(trainings: Callable[..., Trainings]) -> None:
    def refuse(_visitor: str, _folder: Path) -> str:
        raise ValueError("It is no map.")

    here = trainings("", refuse)
    training = here.start("a", Options())
    until_over(here, training)
    assert (training.state, training.sentence) == ("failed", "It is no map.")


def test_a_program_that_is_missing_is_a_sentence(kept: list[Any]) -> None:
    assert kept == []
    here = Trainings(lambda _visitor, _folder: "", lambda _options: ["/no/such/program"])
    training = here.start("a", Options())
    assert (training.state, training.sentence) == ("failed", BROKEN)
    here.close()


def test_closing_ends_everything(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    started = [here.start(str(visitor), Options()) for visitor in range(RUNNING + 2)]
    ids = [process_of(training) for training in started[:RUNNING]]
    here.close()
    assert {training.sentence for training in started} == {CLOSED}
    assert all(is_cleaned(training, *own) for training, own in zip(started, ids, strict=False))


def test_the_watching_thread_ends_with_the_last_training(trainings: Callable[..., Trainings]) -> None:
    here = trainings()
    here.start("a", Options())
    here.cancel("a")
    wait_for(lambda: not any(thread.name == "trainings" for thread in threading.enumerate()))
    assert here.start("a", Options()).state == "running"


# progress


@pytest.fixture
def write(tmp_path: Path, digits_checkpoint: Path) -> Callable[[int], None]:
    """A function that writes what a training does after an epoch; large, so that it takes its time."""
    model = explorer.load(digits_checkpoint).model
    losses = {name: torch.zeros(1) for name in LOSSES}
    big = {"history": {**losses, "snapshots": torch.zeros(200_000)}, "model": model.state_dict()}
    optimiser = torch.optim.Adam(model.parameters())
    return lambda epoch: resume.write_state(tmp_path, big, optimiser, {"epoch": epoch}, {})


def test_a_reader_never_sees_half_a_file(tmp_path: Path, write: Callable[[int], None]) -> None:
    stop = threading.Event()

    def train() -> None:
        for epoch in itertools.count(1):
            if stop.is_set():
                return
            write(epoch)

    writer = threading.Thread(target=train)
    writer.start()
    try:
        reader, seen = ProgressReader(tmp_path, 2, 256), []
        wait_for(lambda: (tmp_path / resume.RESUME).exists())
        while len(seen) < 40:
            if (progress := reader.read()) is not None:
                assert progress.points.shape == (500, 2)
                seen.append(progress.epoch)
    finally:
        stop.set()
        writer.join()
    assert seen == sorted(set(seen))


def test_an_epoch_written_between_the_look_and_the_opening_is_told_once(
    tmp_path: Path, write: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = ProgressReader(tmp_path, 2, 256)
    write(1)
    monkeypatch.setattr(train_progress, "safe_open", lambda *given: (write(2), safe_open(*given))[1])
    progress = reader.read()
    assert progress is not None
    assert progress.epoch == 2
    monkeypatch.undo()
    assert reader.read() is None


def test_nothing_is_read_where_nothing_is_or_where_it_is_damaged(tmp_path: Path) -> None:
    reader = ProgressReader(tmp_path, 2, 256)
    assert reader.read() is None
    (tmp_path / resume.RESUME).write_bytes(b"\x10\0\0\0\0\0\0\0no")
    assert reader.read() is None


def test_the_plane_of_many_dimensions_does_not_turn_between_epochs(tmp_path: Path) -> None:
    reader, random = ProgressReader(tmp_path, 5, 16), np.random.default_rng(0)
    points = random.standard_normal((500, 5)).astype(np.float32) * [5, 3, 1, 1, 1]
    before = reader._on_plane(points)
    for _ in range(20):
        points = points @ np.diag(random.choice([-1, 1], 5)) + 0.05 * random.standard_normal((500, 5))
        after = reader._on_plane(points)
        assert (before * after).sum() > 0.9 * (before**2).sum()
        before = after


# the real one


def test_a_real_training_shows_its_progress_and_ends_as_a_model_that_decodes(
    own: OwnModels, spaces: Spaces, tmp_path: Path
) -> None:
    here = Trainings(own.keep)
    options = Options(latent_dim=3, beta=0.5, width=32, epochs=12)
    training = here.start("a", options)
    process_id, folder = process_of(training)
    epochs: list[int] = []
    end = time.monotonic() + LONG
    while not here.keep_alive(training).over:
        assert time.monotonic() < end
        if training.progress and training.progress.epoch not in epochs:
            epochs.append(training.progress.epoch)
            assert all(len(training.progress.losses[name]) == epochs[-1] for name in LOSSES)
        time.sleep(0.05)
    assert (training.state, training.sentence) == ("done", "")
    assert epochs == sorted(epochs)
    assert len(epochs) > 1
    assert training.progress is not None
    assert training.progress.epoch == 12
    assert training.progress.pictures.shape == (2, 10, 8, 8)
    assert is_cleaned(training, process_id, folder)
    space = spaces.open(training.model)
    assert (space.latent_dim, space.config["beta"], space.config["epochs"]) == (3, 0.5, 12)
    assert str(folder) not in str(space.config)
    shown, mapped = (points - points.mean(0) for points in (training.progress.points, space.plane))  # turned, not bent
    np.testing.assert_allclose(shown @ shown[0], mapped @ mapped[0], atol=0.05)
    name, packed = own.pack(training.model)
    (tmp_path / name).write_bytes(packed)
    again = spaces.open(own.open_files("b", [tmp_path / name]))
    np.testing.assert_array_equal(again.decode(space.latents[:9]), space.decode(space.latents[:9]))
    here.close()


def test_a_real_training_that_diverges_tells_it_by_its_exit_code() -> None:
    here = Trainings(lambda _visitor, _folder: "", lambda options: [*training_command(options), "--beta=nan"])
    training = here.start("a", Options(epochs=1))
    until_over(here, training, LONG)
    assert (training.state, training.sentence) == ("failed", DIVERGED)
    here.close()


def test_cancelling_a_real_training_kills_it_while_it_trains(own: OwnModels) -> None:
    here = Trainings(own.keep)
    training = here.start("a", Options(epochs=200))
    ids = process_of(training)
    end = time.monotonic() + LONG
    while not here.keep_alive(training).progress:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert result_of(ids[1]).is_dir()
    here.cancel("a")
    assert is_cleaned(training, *ids)
    here.close()


SERVER = """
import time
from explorer.visitors.trainings import Trainings
from explorer.visitors.train_options import Options
training = Trainings(lambda visitor, folder: "").start("a", Options(width=512))
print(training.process.pid, training.folder, flush=True)
time.sleep(600)
"""


def test_a_training_ends_with_its_server_even_when_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        process_id, folder = server.stdout.readline().split()
        assert is_alive(int(process_id))
        server.kill()
    wait_for(lambda: not is_alive(int(process_id)))
    assert not result_of(Path(folder)).exists()  # it had not begun
    shutil.rmtree(folder)


# what is kept


def copies(own: OwnModels, files: list[Path], count: int, visitor: str = "") -> list[str]:
    return [own.open_files(visitor or str(number), files) for number in range(count)]


@pytest.fixture
def files(digits_checkpoint: Path) -> list[Path]:
    return [digits_checkpoint / name for name in ("config.json", "model.safetensors", "latents.safetensors")]


def test_a_kept_models_name_cannot_be_guessed_and_is_listed_nowhere(
    own: OwnModels, spaces: Spaces, files: list[Path]
) -> None:
    names = copies(own, files, 3)
    assert len(set(names)) == 3
    assert all(name.startswith(OWN) and len(name) == len(OWN) + 16 for name in names)
    assert spaces.names == []
    assert spaces.loaded == []
    assert spaces.open(names[0]).name == names[0]


def test_only_the_newest_are_kept(spaces: Spaces, files: list[Path]) -> None:
    own = OwnModels(spaces, kept=3)
    names = copies(own, files, 5)
    for name in names[:2]:
        with pytest.raises(UnknownModel, match=GONE):
            spaces.open(name)
        with pytest.raises(UnknownModel, match=GONE):
            own.pack(name)
    folders = [spaces.open(name).folder for name in names[2:]]
    assert all(folder.is_dir() for folder in folders)
    own.close()
    assert not any(folder.exists() for folder in folders)
    with pytest.raises(UnknownModel, match=GONE):
        spaces.open(names[-1])


def test_one_visitor_cannot_push_all_others_out(own: OwnModels, spaces: Spaces, files: list[Path]) -> None:
    (theirs,) = copies(own, files, 1, "b")
    mine = copies(own, files, own_models.KEPT_OF_ONE + 3, "a")
    assert spaces.open(theirs)
    with pytest.raises(UnknownModel):
        spaces.open(mine[2])
    assert all(spaces.open(name) for name in mine[3:])


def test_made_up_sessions_of_one_address_push_out_each_other_and_nobody_else(spaces: Spaces, files: list[Path]) -> None:
    own = OwnModels(spaces, kept=6)
    theirs = [own.open_files(Visitor(f"b{number}", THERE), files) for number in range(3)]
    mine = [own.open_files(Visitor(f"made up {number}", HERE), files) for number in range(10)]
    assert all(spaces.open(name) for name in [*theirs, *mine[-3:]])
    for name in mine[:-3]:
        with pytest.raises(UnknownModel):
            spaces.open(name)
    own.close()


def test_behind_one_address_who_has_the_most_makes_room(spaces: Spaces, files: list[Path]) -> None:
    own = OwnModels(spaces, kept=5)
    one = own.open_files(Visitor("modest", HERE), files)
    many = [own.open_files(Visitor("greedy", HERE), files) for _ in range(own_models.KEPT_OF_ONE)]
    assert spaces.open(one)
    with pytest.raises(UnknownModel):
        spaces.open(many[0])
    assert all(spaces.open(name) for name in many[2:])
    own.close()


def test_large_models_make_room_earlier(
    own: OwnModels, spaces: Spaces, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_models, "KEPT_BYTES", 350_000)
    first, second, third = copies(own, files, 3)
    with pytest.raises(UnknownModel):
        spaces.open(first)
    assert spaces.open(second)
    assert spaces.open(third)


@pytest.mark.parametrize("name", ["own-", "own-0123456789abcdef", "own-/../..", "own-\0"])
def test_a_name_of_nothing_is_gone(own: OwnModels, spaces: Spaces, name: str) -> None:
    with pytest.raises(UnknownModel, match=GONE):
        spaces.open(name)
    with pytest.raises(UnknownModel, match=GONE):
        own.pack(name)


@pytest.mark.parametrize("owner", ["own", "training"])
def test_each_owner_removes_its_left_overs_of_earlier_processes_when_they_are_old(
    own: OwnModels, trainings: Callable[..., Trainings], owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    names = ["explorer-own-1", "explorer-own-2", "explorer-training-1", "explorer-training-2", "another-2"]
    for name in names:
        (tmp_path / name).mkdir()
        if name.endswith("2"):
            os.utime(tmp_path / name, (0, 0))
    {"own": own, "training": trainings()}[owner].remove_left_overs()
    assert {folder.name for folder in tmp_path.iterdir()} == {*names} - {f"explorer-{owner}-2"}
