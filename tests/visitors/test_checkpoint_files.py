"""Checkpoints that somebody sends: files, .zips and the Hub; and everything that is refused."""

import json
import pickle
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_hub import FakeHub, serve
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as torch_load
from safetensors.torch import save_file as torch_save

from explorer.checkpoints import CARD, CHECKPOINTS, CONFIG, HISTORY, LATENTS, WEIGHTS
from explorer.hub import UNREACHABLE
from explorer.live.spaces import Spaces
from explorer.maps import latent_space
from explorer.maps.recorded import formation
from explorer.visitors import checkpoint_files
from explorer.visitors.checkpoint_files import MAX_BYTES, MAX_TEXT, NEEDED, NO_ZIP, TOO_LARGE
from explorer.visitors.checkpoint_hub import MISSING, NO_ID, NOT_ONE
from explorer.visitors.models import UNFIT, OwnModels

Damage = Callable[[Path], object]


class Explosive:
    """Unpickled, it ends the test run."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os._exit, (7,)


@pytest.fixture
def copy(copied: Callable[[Path], Path], digits_checkpoint: Path) -> Path:
    """The files of a checkpoint that a test may damage."""
    return copied(digits_checkpoint)


def files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()]


def zipped(folder: Path, inside: str = "digits/") -> Path:
    file = folder.with_suffix(".zip")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files(folder):
            archive.write(path, inside + path.name)
    return file


def refusal(own: OwnModels, given: list[Path]) -> str:
    """The sentence with which files are refused; nothing of theirs is left behind."""
    with pytest.raises(ValueError, match=r"\.$") as refused:
        own.open_files("a", given)
    assert own._models == {}
    assert own._root is None or list(own._root.iterdir()) == []
    sentence = str(refused.value)
    assert "explorer-own" not in sentence
    assert "<" not in sentence
    return sentence


def change(folder: Path, **entries: Any) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | entries))


def architecture(**entries: Any) -> Damage:
    def damage(folder: Path) -> None:
        given = json.loads((folder / CONFIG).read_text())["architecture"]
        change(folder, architecture=given | entries)

    return damage


def tensors(name: str, **entries: Any) -> Damage:
    def damage(folder: Path) -> None:
        found = load_file(folder / name)
        save_file(found | {key: np.ascontiguousarray(value) for key, value in entries.items()}, folder / name)

    return damage


def header_of(shape: list[int], kind: str = "F16") -> bytes:
    """A safetensors file that promises a tensor and holds none of it."""
    size = 2 * int(np.prod(np.array(shape, object)))
    text = json.dumps({"huge": {"dtype": kind, "shape": shape, "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(text)) + text


# what opens


@pytest.mark.parametrize("inside", ["", "digits/", "a/b/"])
def test_a_zip_opens_whatever_folder_it_holds(own: OwnModels, spaces: Spaces, copy: Path, inside: str) -> None:
    space = spaces.open(own.open_files("a", [zipped(copy, inside)]))
    expected = latent_space.load(copy)
    np.testing.assert_array_equal(space.decode(expected.latents), expected.decode(expected.latents))


@pytest.mark.parametrize("inside", ["run\\", "a\\run\\", "C:\\models\\run\\", "a/run\\", "..\\..\\"])
def test_a_zip_whose_names_have_backslashes_opens(
    own: OwnModels, spaces: Spaces, copy: Path, tmp_path: Path, inside: str
) -> None:
    with zipfile.ZipFile(tmp_path / "windows.zip", "w") as archive:
        for file in files(copy):
            member = zipfile.ZipInfo()
            member.filename = member.orig_filename = inside + file.name  # as it is: ZipInfo() itself would change it
            archive.writestr(member, file.read_bytes())
    folder = spaces.open(own.open_files("a", [tmp_path / "windows.zip"])).folder
    assert {path.name for path in folder.iterdir()} == set(NEEDED)


def test_single_files_open(own: OwnModels, spaces: Spaces, copy: Path) -> None:
    assert spaces.open(own.open_files("a", files(copy))).latent_dim == 2


def test_more_dimensions_open_with_their_plane(own: OwnModels, spaces: Spaces, digits_checkpoint_5d: Path) -> None:
    given = [digits_checkpoint_5d / name for name in NEEDED]
    space, expected = spaces.open(own.open_files("a", given)), latent_space.load(digits_checkpoint_5d)
    np.testing.assert_array_equal(space.plane, expected.plane)
    assert space.in_plane("z1-z3").plane_name == "z1-z3"


@pytest.mark.parametrize("name", latent_space.available())
def test_every_shipped_checkpoint_passes(name: str) -> None:
    checkpoint_files.check(CHECKPOINTS / name)


def test_what_is_packed_opens_again_and_holds_only_known_files(
    own: OwnModels, spaces: Spaces, digits_checkpoint: Path, tmp_path: Path
) -> None:
    name = own.open_files("a", [digits_checkpoint / name for name in checkpoint_files.NAMES])
    zip_name, content = own.pack(name)
    assert zip_name == "own-digits-vae-2d.zip"
    (tmp_path / zip_name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / zip_name) as archive:
        assert {Path(member).name for member in archive.namelist()} == set(checkpoint_files.NAMES)
        assert name not in str(archive.namelist())
    assert spaces.open(own.open_files("b", [tmp_path / zip_name])).latent_dim == 2


def test_other_files_are_passed_over_and_nothing_is_unpickled(own: OwnModels, spaces: Spaces, copy: Path) -> None:
    for name in ("pytorch_model.bin", "model.pt", "._config.json", "losses.png", "modeling.py"):
        (copy / name).write_bytes(pickle.dumps(Explosive()))
    name = own.open_files("a", [zipped(copy)])
    assert {file.name for file in spaces.open(name).folder.iterdir()} == set(NEEDED)


def test_members_cannot_leave_the_folder(own: OwnModels, spaces: Spaces, copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "evil.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for path in files(copy):
            archive.write(path, f"../../../{path.name}")
        archive.writestr("../../escaped.txt", "out")
    folder = spaces.open(own.open_files("a", [file])).folder
    assert {path.name for path in folder.iterdir()} == set(NEEDED)
    assert not list(tmp_path.rglob("escaped.txt"))


# what does not


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_is_named(own: OwnModels, copy: Path, name: str) -> None:
    (copy / name).unlink()
    for given in (files(copy), [zipped(copy)]):
        assert refusal(own, given).endswith(f"{name} is missing.")


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no", b"\0" * 1000, pickle.dumps([1])])
def test_what_is_no_zip_is_refused(own: OwnModels, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert refusal(own, [tmp_path / "a.zip"]) == NO_ZIP


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_zip_that_is_cut_off_or_damaged_is_refused(own: OwnModels, copy: Path, share: float) -> None:
    file = zipped(copy)
    whole = file.read_bytes()
    middle = int(len(whole) * share)
    file.write_bytes(whole[:middle])
    assert refusal(own, [file]) == NO_ZIP
    file.write_bytes(whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 40]) + whole[middle + 40 :])
    assert refusal(own, [file])


def test_a_zip_bomb_is_refused_before_it_grows(own: OwnModels, tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(WEIGHTS, bytes(MAX_BYTES + 1))
    assert file.stat().st_size < 100_000
    assert refusal(own, [file]) == TOO_LARGE
    honest = file.read_bytes()
    file.write_bytes(honest.replace(struct.pack("<I", MAX_BYTES + 1), struct.pack("<I", 10)))  # it lies about its size
    assert refusal(own, [file])


def test_several_members_together_may_not_be_too_large(own: OwnModels, tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (WEIGHTS, LATENTS, HISTORY):
            archive.writestr(name, bytes(MAX_BYTES // 2))
    assert refusal(own, [file]) == TOO_LARGE


def test_links_encryption_doubles_and_crowds_in_a_zip_are_refused(own: OwnModels, copy: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo(CONFIG)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "links" in refusal(own, [tmp_path / "link.zip"])
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr(f"a/{CONFIG}", "{}")
        archive.writestr(f"b/{CONFIG}", "{}")
        archive.writestr(f"b\\{CONFIG}", "{}")
    assert "twice" in refusal(own, [tmp_path / "twice.zip"])
    with zipfile.ZipFile(tmp_path / "crowd.zip", "w") as archive:
        for number in range(checkpoint_files.MAX_MEMBERS + 1):
            archive.writestr(str(number), "")
    assert "more files" in refusal(own, [tmp_path / "crowd.zip"])
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(CONFIG, "{}")
    assert refusal(own, [tmp_path / "odd.zip"]) == NO_ZIP
    locked = bytearray(zipped(copy).read_bytes())
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = locked.find(signature)
        while start >= 0:
            locked[start + at] |= 1
            start = locked.find(signature, start + 4)
    (tmp_path / "locked.zip").write_bytes(locked)
    assert refusal(own, [tmp_path / "locked.zip"]) == NO_ZIP


def test_a_file_that_is_too_large_is_refused_unread(own: OwnModels, copy: Path) -> None:
    with (copy / WEIGHTS).open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    assert refusal(own, files(copy)) == TOO_LARGE


@pytest.mark.parametrize("name", [CONFIG, CARD])
def test_a_text_that_is_too_large_is_refused(own: OwnModels, copy: Path, name: str) -> None:
    (copy / name).write_text(" " * (MAX_TEXT + 1))
    assert "far too large" in refusal(own, files(copy))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 60_000, b'{"architecture": NaN}', b"{}"]
)
def test_a_config_that_is_none_is_refused(own: OwnModels, copy: Path, content: bytes) -> None:
    (copy / CONFIG).write_bytes(content)
    assert refusal(own, files(copy)).startswith(CONFIG)


@pytest.mark.parametrize(
    "entries",
    [
        {"_class_name": "AutoencoderKL"},
        {"architectures": ["BertModel"]},
        {"auto_map": {"AutoModel": "evil.Model"}},
        {"architecture": "os.system"},
        {"architecture": {"__class__": "subprocess.Popen"}},
        {"architecture": []},
        {"class_names": ["<img src=x onerror=alert(1)>"] * 10},
        {"class_names": [1] * 10},
        {"data": "imagenet"},
        {"data": "../../etc"},
        {"data": ["digits"]},
        {"measures": {}},
        {"measures": {"mse_per_pixel": 1e400}},
        {"measures": {"mse_per_pixel": "0.1"}},
        {"title": None},
        {"epochs": 1.5},
        {"beta": True},
        {"beta": 10**400},
        {"lr": 1e300},
        {"epochs": -(10**12)},
        {"seed": 10**40},
    ],
    ids=str,
)
def test_a_config_of_another_kind_is_refused(own: OwnModels, copy: Path, entries: dict[str, Any]) -> None:
    change(copy, **entries)
    assert CONFIG in refusal(own, files(copy))


@pytest.mark.parametrize("value", ["21.0", [21.0], None, {}, True, 10**400, float("1e300")], ids=str)
@pytest.mark.parametrize("measure", ["bce_per_image", "elbo", "<b>"])
def test_measures_that_are_no_numbers_are_refused(own: OwnModels, copy: Path, measure: str, value: Any) -> None:
    known = json.loads((copy / CONFIG).read_text())["measures"]
    change(copy, measures=known | {measure: value})
    assert refusal(own, files(copy)) == f"{CONFIG} has measures that are no numbers."


@pytest.mark.parametrize(
    "damage",
    [
        architecture(network="vit"),
        architecture(network="os.system"),
        architecture(network=None),
        architecture(network=["dense"]),
        architecture(latent_dim=1),
        architecture(latent_dim=65),
        architecture(latent_dim=10**9),
        architecture(latent_dim="2"),
        architecture(width=10**9),
        architecture(width=2048, network="conv", image_shape=[32, 32], bottleneck=4096),
        architecture(bottleneck=4096, network="conv", image_shape=[32, 32], width=1),
        architecture(width=-1),
        architecture(width=None),
        architecture(image_shape=[8]),
        architecture(image_shape=8),
        architecture(image_shape=[8, 28]),
        architecture(image_shape=[10**6, 10**6]),
        architecture(image_shape=[128, 128], width=1),
        architecture(image_shape={"a": 8}),
        architecture(image_shape=[[8], [8]]),
        architecture(sigmoid=1),
        architecture(extra=1),
        architecture(width=255),
        architecture(latent_dim=3),
        architecture(variational=False),
    ],
)
def test_an_architecture_that_is_unknown_huge_or_another_is_refused(own: OwnModels, copy: Path, damage: Damage) -> None:
    damage(copy)
    assert refusal(own, files(copy))


def test_images_that_are_too_small_for_the_data_set_are_refused(own: OwnModels, copy: Path) -> None:
    change(copy, data="mnist")
    assert "shape" in refusal(own, files(copy))


def test_a_network_that_is_slow_to_decode_is_refused_unread(own: OwnModels, copy: Path) -> None:
    architecture(network="conv", image_shape=[32, 32], width=128)(copy)
    assert "live" in refusal(own, files(copy))


@pytest.mark.parametrize("name", [WEIGHTS, LATENTS, HISTORY])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\x04\0\0\0\0\0\0\0{}{}",
        pickle.dumps([1, 2]),
        header_of([10**6, 10**6]),
        header_of([2**62, 2**62]),
        header_of([4]),
    ],
)
def test_safetensors_that_are_none_or_promise_huge_tensors_are_refused(
    own: OwnModels, copy: Path, name: str, content: bytes
) -> None:
    (copy / name).write_bytes(content)
    assert name in refusal(own, files(copy))


@pytest.mark.parametrize(
    "damage",
    [
        tensors(WEIGHTS, extra=np.zeros(3, np.float16)),
        tensors(WEIGHTS, **{"mean.weight": np.zeros((3, 256), np.float16)}),
        tensors(WEIGHTS, **{"mean.weight": np.zeros((2, 256), np.int8)}),
        tensors(WEIGHTS, **{"mean.weight": np.full((2, 256), np.nan, np.float16)}),
        tensors(LATENTS, mean=np.zeros((500, 3), np.float32)),
        tensors(LATENTS, mean=np.zeros((0, 2), np.float32), label=np.zeros(0, np.int64)),
        tensors(LATENTS, mean=np.zeros(500, np.float32)),
        tensors(LATENTS, mean=np.full((500, 2), np.inf, np.float32)),
        tensors(LATENTS, mean=np.full((500, 2), 1e30, np.float32)),
        tensors(LATENTS, mean=np.zeros((500, 2), np.uint8)[::, ::], logvar=np.zeros((500, 3), np.float32)),
        tensors(LATENTS, label=np.zeros(499, np.int64)),
        tensors(LATENTS, label=np.full(500, 10, np.int64)),
        tensors(LATENTS, label=np.full(500, -1, np.int64)),
        tensors(LATENTS, mean=np.zeros((20_001, 2), np.float32), label=np.zeros(20_001, np.int64)),
    ],
)
def test_tensors_of_wrong_shapes_kinds_or_values_are_refused(own: OwnModels, copy: Path, damage: Damage) -> None:
    damage(copy)
    assert refusal(own, files(copy))


def test_latents_that_numpy_cannot_read_are_refused(own: OwnModels, copy: Path) -> None:
    found = torch_load(copy / LATENTS)
    torch_save(found | {"mean": found["mean"].to(torch.bfloat16)}, copy / LATENTS)
    assert refusal(own, files(copy)) == f"{LATENTS} holds numbers of another kind."


@pytest.mark.parametrize("name", [WEIGHTS, LATENTS, HISTORY])
@pytest.mark.parametrize("count", [1_001, 150_000])
def test_a_crowd_of_empty_tensors_is_refused(own: OwnModels, copy: Path, name: str, count: int) -> None:
    save_file({f"t{number}": np.zeros(0, np.float16) for number in range(count)}, copy / name)
    assert refusal(own, files(copy)) == f"{name} holds far more tensors than a checkpoint."


HISTORIES: dict[str, Damage] = {
    "steps of infinity": tensors(HISTORY, steps=np.array([0, np.inf], np.float32)),
    "steps that are not in order": tensors(HISTORY, steps=np.array([4, 4], np.int64)),
    "steps below 0": tensors(HISTORY, steps=np.array([-3, 4], np.int64)),
    "one number for all steps": tensors(HISTORY, steps=np.int64(3)),
    "no snapshots": tensors(HISTORY, snapshots=np.zeros((2, 0, 2), np.float16)),
    "snapshots of NaN": tensors(HISTORY, snapshots=np.full((2, 5, 2), np.nan, np.float16)),
    "a loss that is one number": tensors(HISTORY, loss=np.float32(3)),
    "a loss of NaN": tensors(HISTORY, loss=np.array([1, np.nan], np.float32)),
    "losses of two lengths": tensors(HISTORY, loss=np.ones(3, np.float32)),
    "losses of no epoch": tensors(
        HISTORY, **dict.fromkeys(("loss", "reconstruction", "test_reconstruction"), np.ones(0, np.float32))
    ),
    "many losses": tensors(HISTORY, **{f"loss-{number}": np.ones(2, np.float32) for number in range(20)}),
    "very many points": tensors(HISTORY, steps=np.arange(1_000), snapshots=np.zeros((1_000, 400, 2), np.float16)),
}


@pytest.fixture
def with_history(copy: Path) -> Path:
    losses = dict.fromkeys(("loss", "reconstruction", "test_reconstruction"), np.ones(2, np.float32))
    steps, snapshots = np.array([0, 9]), np.zeros((2, 5, 2), np.float16)
    save_file({"steps": steps, "snapshots": snapshots, **losses}, copy / HISTORY)
    return copy


def test_a_history_that_fits_opens(own: OwnModels, spaces: Spaces, with_history: Path) -> None:
    space = spaces.open(own.open_files("a", files(with_history)))
    assert formation(space).steps_per_epoch == 5.0


@pytest.mark.parametrize("damage", HISTORIES.values(), ids=HISTORIES)
def test_a_history_that_does_not_fit_is_refused_and_nothing_is_kept(
    own: OwnModels, with_history: Path, damage: Damage
) -> None:
    damage(with_history)
    assert refusal(own, files(with_history)) == f"{HISTORY} does not fit this map."


def test_weights_that_overflow_are_refused(own: OwnModels, copy: Path) -> None:
    weights = load_file(copy / WEIGHTS)
    huge = {key: np.full(value.shape, 3e38, np.float32) for key, value in weights.items()}
    save_file(huge, copy / WEIGHTS)
    assert refusal(own, files(copy)) == UNFIT


def test_a_map_of_points_in_one_place_still_answers(own: OwnModels, spaces: Spaces, copy: Path) -> None:
    tensors(LATENTS, mean=np.zeros((500, 2), np.float32))(copy)
    space = spaces.open(own.open_files("a", files(copy)))
    assert np.isfinite(space.density([[0.0, 0.0]])).all()
    assert np.isfinite(space.gap)


# the Hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def hub_refusal(own: OwnModels, repo_id: str) -> str:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        own.open_hub("a", repo_id)
    assert own._models == {}
    assert own._root is None or list(own._root.iterdir()) == []
    return str(refused.value)


def test_a_checkpoint_on_the_hub_opens(own: OwnModels, spaces: Spaces, hub: FakeHub, copy: Path) -> None:
    hub.add("some/map", copy, names=NEEDED)
    hub.files["some/map/pytorch_model.bin"] = pickle.dumps(Explosive())
    space = spaces.open(own.open_hub("a", "some/map"))
    assert {path.name for path in space.folder.iterdir()} == set(NEEDED)
    np.testing.assert_array_equal(space.latents, latent_space.load(copy).latents)
    assert not any("pytorch_model" in request for request in hub.asked)


@pytest.mark.parametrize(
    "repo_id", ["", "digits", "a/b/c", "../..", "a/../b", "<b>/x", "https://x/y", "/etc/passwd", "a\0/b"]
)
def test_what_is_no_hub_id_is_refused_unasked(own: OwnModels, hub: FakeHub, repo_id: str) -> None:
    assert hub_refusal(own, repo_id) == NO_ID
    assert hub.asked == []


def test_a_repository_that_is_not_there_private_or_no_checkpoint_is_refused(
    own: OwnModels, hub: FakeHub, copy: Path
) -> None:
    assert hub_refusal(own, "no/thing") == MISSING
    hub.errors["gated/map"] = (403, "GatedRepo")
    assert hub_refusal(own, "gated/map") == MISSING
    hub.add("half/map", copy, names=(CONFIG,))
    assert hub_refusal(own, "half/map") == NOT_ONE


def test_weights_on_the_hub_are_not_fetched_when_they_are_too_large_or_of_another_model(
    own: OwnModels, hub: FakeHub, copy: Path
) -> None:
    hub.add("large/map", copy, names=NEEDED)
    hub.sizes[f"large/map/{WEIGHTS}"] = 10**12
    assert hub_refusal(own, "large/map") == TOO_LARGE
    hub.add("other/map", copy, names=NEEDED)
    hub.files[f"other/map/{CONFIG}"] = json.dumps({"_class_name": "AutoencoderKL"}).encode()
    assert CONFIG in hub_refusal(own, "other/map")
    assert not any(request.startswith("GET") and request.endswith(".safetensors") for request in hub.asked)


def test_without_network_there_is_a_sentence(own: OwnModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hub_refusal(own, "some/map") == UNREACHABLE


def test_damage_of_every_kind_leaves_no_folder_behind(own: OwnModels, copy: Path) -> None:
    own.open_files("a", files(copy))
    root = own._root
    assert root is not None
    shutil.copy(copy / CONFIG, copy / WEIGHTS)
    with pytest.raises(ValueError, match=WEIGHTS):
        own.open_files("a", files(copy))
    assert len(list(root.iterdir())) == 1
    own.close()
    assert not root.exists()
