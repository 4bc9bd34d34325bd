"""What gradio_client can call, through the page as `python app.py` serves it."""

import base64
import inspect
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from websockets.sync.client import connect

import explorer
from explorer import LatentSpace
from explorer.live import routes as live
from explorer.live.worker import to_bytes
from explorer.maps import classifier, latent_space
from explorer.maps.classifier import Classifier
from explorer.maps.datasets import load
from explorer.maps.own_image import like_data
from explorer.maps.recipes import RECIPES
from explorer.ui.app import launch
from explorer.ui.map import endpoints as map_endpoints

FLAT, DEEP = "mnist-ae-2d", "mnist-vae-20d"  # what the page calls the two small maps of these tests


@pytest.fixture(scope="module")
def maps(digits_checkpoint: Path, digits_checkpoint_5d: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoints folder with two small maps, one of two dimensions and one of five, and an unlearned classifier."""
    folder = tmp_path_factory.mktemp("shipped")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = {"data": "digits", "size": 8, "width": 16, "classes": 10}
        Classifier("digits", 8).save_pretrained(folder / "classifier-digits", config=config)
    shutil.copytree(digits_checkpoint, folder / FLAT)
    shutil.copytree(digits_checkpoint_5d, folder / DEEP)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _maps_are_shipped(maps: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latent_space, "CHECKPOINTS", maps)
        patch.setattr(classifier, "CHECKPOINTS", maps)
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        yield


@pytest.fixture(scope="module")
def demo() -> Iterator[gr.Blocks]:
    demo = serve()
    yield demo
    demo.close(verbose=False)


def serve() -> gr.Blocks:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return launch(prevent_thread_lock=True, server_port=port, quiet=True)


@pytest.fixture(scope="module")
def client(demo: gr.Blocks) -> Iterator[Client]:
    client = Client(demo.local_url, verbose=False, analytics_enabled=False)
    yield client
    client.close()


@pytest.fixture
def flat(maps: Path) -> LatentSpace:
    return explorer.load(maps / FLAT)


@pytest.fixture
def deep(maps: Path) -> LatentSpace:
    return explorer.load(maps / DEEP)


def test_the_named_endpoints_are_those_of_the_readme(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)
    of_maps = {f"/{name}" for name in map_endpoints.NAMES}
    of_photos = {"/encode", "/decode", "/compare", "/channels"}
    assert set(endpoints["named_endpoints"]) == of_maps | of_photos


def test_a_lattice_comes_as_the_bytes_of_its_pictures(client: Client, deep: LatentSpace) -> None:
    found = client.predict(DEEP, -1.0, 1.0, -2.0, 2.0, 3, api_name="/lattice")
    assert found["shape"] == [3, 3, *deep.image_shape]
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(found["shape"])
    np.testing.assert_array_equal(pixels, to_bytes(deep.lattice(((-1, 1), (-2, 2)), 3)))


def test_walks_and_samples_are_those_of_the_latent_space(client: Client, deep: LatentSpace) -> None:
    a, b = deep.latents[:2].tolist()
    walk = client.predict(DEEP, a, b, 5, "spherical", api_name="/interpolate")
    np.testing.assert_allclose(walk, deep.interpolate(a, b, 5, "spherical"))
    for how in ("prior", "box", "density"):
        np.testing.assert_allclose(client.predict(DEEP, 4, how, 7, api_name="/sample"), deep.sample(4, how, 7))


def test_neighbours_trust_and_posterior_are_those_of_the_latent_space(client: Client, deep: LatentSpace) -> None:
    asked = deep.latents[3:5].tolist()
    near = client.predict(DEEP, asked, 3, api_name="/neighbours")
    indices, distances = deep.neighbours(asked, 3)
    assert near["indices"] == indices.tolist()
    np.testing.assert_allclose(near["distances"], distances)
    assert near["labels"][0][0] == deep.class_names[deep.labels[3]]
    trust = client.predict(DEEP, asked, api_name="/trust")
    for name in ("drift", "density", "log_prior"):
        np.testing.assert_allclose(trust[name], getattr(deep, name)(asked), rtol=1e-5)
    images = deep.decode(asked)
    found = client.predict(DEEP, images.tolist(), api_name="/posterior")
    for name, values in zip(("mean", "deviation"), deep.posterior(images), strict=True):
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)


def pixels_of(answer: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8).reshape(answer["shape"])


def test_a_walk_past_anchors_comes_with_places_and_pictures(client: Client, deep: LatentSpace) -> None:
    anchors = deep.latents[[1, 5, 9]].tolist()
    found = client.predict(DEEP, anchors, 3, "spherical", "z1-z3", api_name="/walk")
    latents = deep.walk(anchors, 3, "spherical")
    np.testing.assert_allclose(found["latents"], latents)
    np.testing.assert_allclose(found["xy"], deep.in_plane("z1-z3").to_plane(latents))
    np.testing.assert_array_equal(pixels_of(found), to_bytes(deep.decode(latents)))


def test_what_a_client_leaves_out_is_as_the_tool_has_it(client: Client, deep: LatentSpace) -> None:
    anchors = deep.latents[[1, 5]].tolist()
    found = client.predict(model=DEEP, anchors=anchors, api_name="/walk")
    np.testing.assert_allclose(found["latents"], deep.walk(anchors, 12))
    found = client.predict(DEEP, api_name="/samples")
    np.testing.assert_allclose(found["latents"], deep.sample(18, "prior", 0))


def test_samples_come_with_places_pictures_and_distances(client: Client, deep: LatentSpace) -> None:
    found = client.predict(DEEP, 4, "box", 7, api_name="/samples")
    latents = deep.sample(4, "box", 7)
    np.testing.assert_allclose(found["latents"], latents)
    np.testing.assert_allclose(found["xy"], deep.to_plane(latents))
    np.testing.assert_array_equal(pixels_of(found), to_bytes(deep.decode(latents)))
    np.testing.assert_allclose(found["far"], deep.neighbours(latents, 1)[1][:, 0])
    assert found["gap"] == pytest.approx(deep.gap)


@pytest.mark.parametrize("kind", ["density", "drift", "prior", "classes"])
def test_a_heat_map_comes_as_the_bytes_of_its_floats(client: Client, deep: LatentSpace, kind: str) -> None:
    found = client.predict(DEEP, -1.0, 1.0, -2.0, 2.0, 3, 2, kind, "z1-z3", api_name="/trust_map")
    latents = deep.in_plane("z1-z3").grid(((-1, 1), (-2, 2)), (2, 3)).reshape(6, -1)
    expected = {
        "density": (deep.log_density(latents) - deep.typical_log_density) / np.log(10),
        "drift": deep.drift(latents),
        "prior": deep.log_prior(latents),
        "classes": deep.classify(deep.decode(latents)).max(1),
    }[kind]
    assert found["shape"] == [2, 3]
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(found["values"]), "<f4"), expected, rtol=1e-4, atol=1e-5)


def test_about_tells_what_is_near_a_latent(client: Client, deep: LatentSpace) -> None:
    found = client.predict(DEEP, deep.latents[7].tolist(), 4, "z1-z3", api_name="/about")
    indices = deep.neighbours(deep.latents[7:8], 4)[0][0]
    assert [one["point"] for one in found["near"]] == indices.tolist()
    np.testing.assert_allclose(found["xy"], deep.latents[7, [1, 3]])
    np.testing.assert_array_equal(pixels_of(found), to_bytes(deep.decode(deep.latents[indices])))
    assert base64.b64decode(found["originals"]) == load("digits").images[indices].tobytes()
    np.testing.assert_allclose(found["classes"], deep.classify(deep.decode(deep.latents[7:8]))[0], rtol=1e-5)


def test_own_tells_where_a_drawing_lands(client: Client, deep: LatentSpace) -> None:
    drawing = np.pad(np.full((20, 6), 255, np.uint8), ((10, 10), (15, 19)))
    found = client.predict(DEEP, 40, 40, base64.b64encode(drawing.tobytes()).decode(), 3, api_name="/own")
    image = like_data(drawing, "digits", (8, 8))
    np.testing.assert_allclose(found["z"], deep.encode(image[None])[0], rtol=1e-5)
    assert base64.b64decode(found["image"]) == to_bytes(image).tobytes()
    assert np.shape(found["covariance"]) == (2, 2)
    assert len(found["near"]) == 3


def test_select_sums_up_some_points(client: Client, deep: LatentSpace) -> None:
    found = client.predict(DEEP, [3, 1, 2, 3], api_name="/select")
    assert (found["count"], sum(found["classes"]), found["of"]) == (3, 3, "originals")
    np.testing.assert_allclose(found["mean"], deep.latents[1:4].mean(0), atol=1e-6)
    np.testing.assert_allclose(found["deviation"], deep.latents[1:4].std(0), atol=1e-6)
    assert found["shape"] == [2, 8, 8]


def test_classify_gives_each_images_probabilities(client: Client, deep: LatentSpace) -> None:
    images = deep.decode(deep.latents[:3])
    found = client.predict(DEEP, images.tolist(), api_name="/classify")
    np.testing.assert_allclose(found, deep.classify(images), rtol=1e-5)


def test_decode_takes_a_plane_or_the_latent_itself(client: Client, deep: LatentSpace) -> None:
    image = client.predict(DEEP, 0.5, -0.25, None, "z1-z3", api_name="/map_decode")
    expected = deep.decode(deep.in_plane("z1-z3").from_plane([[0.5, -0.25]]))
    np.testing.assert_allclose(image, expected[0], atol=1e-6)
    image = client.predict(DEEP, z=deep.latents[4].tolist(), api_name="/map_decode")
    np.testing.assert_allclose(image, deep.decode(deep.latents[4:5])[0], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "api_name", "sentence"),
    [
        ((FLAT, [[0, 0]] * 10_000), "/walk", "anchors must be a list of at most 5 anchors."),
        ((FLAT, [[0, 0], [1, "<b>"]]), "/walk", "anchors must be numbers"),
        ((FLAT, [[0, 0], [1, 1]], 25), "/walk", "A walk has at most 24 steps"),
        ((FLAT, [[0, 0], [1, 1]], 3, "<b>"), "/walk", "method must be linear or spherical."),
        ((FLAT, 65), "/samples", "At most 64 samples"),
        ((FLAT, 3, "<b>"), "/samples", "how must be prior, box or density."),
        ((FLAT, 3, "prior", -1), "/samples", "The seed must lie between 0 and "),
        ((FLAT, 3, "prior", 0, "z0-z1"), "/samples", f"{FLAT} has two dimensions"),
        ((FLAT, 0, 1, 0, 1, 41), "/trust_map", "A heat map has at most 40 cells on a side."),
        ((FLAT, 0, 1, 0, 1, 5, 5, "<b>"), "/trust_map", "kind must be one of"),
        ((DEEP, 0, 1, 0, 1, 5, 5, "prior", "<b>"), "/trust_map", "A plane is named"),
        ((DEEP, 0, 1, 0, 1, 5, 5, "prior", None, ["<b>"] * 5), "/trust_map", "anchor must be numbers"),
        ((FLAT, ["<b>", 0]), "/about", "z must be numbers"),
        ((FLAT, [0, 0], 25), "/about", "k must be a whole number from 1 to 24."),
        ((FLAT, 8, 8, "<b>"), "/own", "A picture is width, height"),
        ((FLAT, 10**9, 10**9, ""), "/own", "A picture is width, height"),
        ((FLAT, 8, 8, base64.b64encode(bytes(64)).decode()), "/own", "The drawing is empty"),
        ((FLAT, []), "/select", "Nothing is selected"),
        ((FLAT, [0] * 501), "/select", "points must be a list of at most 500 points."),
        ((FLAT, ["<b>"]), "/select", "Each point must be a whole number"),
        (("<b>nowhere</b>", [0]), "/select", "There is no map of that name"),
        ((FLAT, [[["<b>"]]]), "/classify", "images must be numbers"),
        ((FLAT, [0] * 257), "/classify", "images must be a list of at most 256 images."),
        ((DEEP, 0, 0, None, "<b>"), "/map_decode", "A plane is named"),
        ((DEEP, 0, 0, None, None, [0, 0]), "/map_decode", "z must have 5 numbers."),
        ((DEEP, 0, 0, None, None, ["<b>"]), "/map_decode", "each number of z must be a number."),
        ((FLAT, 0, 1, 0, 1, 500), "/lattice", "n must be a whole number from 1 to 64"),
        ((FLAT, 0, 1e300, 0, 1, 5), "/lattice", "bounds must"),
        ((FLAT, [0, 0], [1, 1], 10**6), "/interpolate", "steps must be a whole number"),
        ((FLAT, [0, 0, 0], [1, 1], 3), "/interpolate", "a must have the shape"),
        ((FLAT, 0), "/sample", "n must be a whole number"),
        ((FLAT, 3, "prior", -1), "/sample", "The seed must lie between 0 and "),
        ((FLAT, [[0, 0]] * 2001, 3), "/neighbours", "at most 2,000 latents"),
        ((FLAT, [["<b>"]]), "/trust", "z must be numbers"),
        (("<b>nowhere</b>", [[0, 0]]), "/trust", "There is no map of that name"),
        ((FLAT, "images"), "/posterior", "images must be a list"),
    ],
)
def test_a_senseless_question_gets_a_sentence(client: Client, arguments: tuple, api_name: str, sentence: str) -> None:
    with pytest.raises(AppError) as refusal:
        client.predict(*arguments, api_name=api_name)
    assert sentence in str(refusal.value)
    assert "<b>" not in str(refusal.value)


def test_models_introduces_each_map_in_the_order_in_which_they_teach(client: Client) -> None:
    models = client.predict(api_name="/models")
    assert [model["name"] for model in models] == [name for name in RECIPES if name in (FLAT, DEEP)]
    assert all(model["title"] and model["teaches"] for model in models)
    assert models[0]["class_names"] == list("0123456789")


def test_decode_gives_the_image_of_a_place(client: Client, flat: LatentSpace) -> None:
    image = client.predict(FLAT, 0.5, -1.25, api_name="/map_decode")
    np.testing.assert_allclose(image, flat.decode([[0.5, -1.25]])[0], atol=1e-6)


def test_decode_takes_a_point_to_go_through(client: Client, deep: LatentSpace) -> None:
    x, y = deep.plane[9].tolist()
    image = client.predict(DEEP, x, y, 9, api_name="/map_decode")
    np.testing.assert_allclose(image, deep.decode(deep.latents[9:10])[0], atol=1e-5)


def test_decode_takes_its_parameters_by_name(client: Client, flat: LatentSpace) -> None:
    image = client.predict(model=FLAT, x=1, y=2, api_name="/map_decode")
    np.testing.assert_allclose(image, flat.decode([[1, 2]])[0], atol=1e-6)


def test_encode_gives_the_latents_of_images(client: Client, deep: LatentSpace) -> None:
    images = deep.decode(deep.latents[:4])
    latents = client.predict(DEEP, images.tolist(), api_name="/map_encode")
    np.testing.assert_allclose(latents, deep.encode(images), atol=1e-5)


def test_what_is_decoded_can_be_encoded_again(client: Client) -> None:
    image = client.predict(FLAT, 0.0, 0.0, api_name="/map_decode")
    assert np.shape(client.predict(FLAT, [image], api_name="/map_encode")) == (1, 2)


def test_encode_takes_as_many_images_as_it_says(client: Client) -> None:
    latents = client.predict(FLAT, np.zeros((256, 8, 8)).tolist(), api_name="/map_encode")
    assert np.shape(latents) == (256, 2)


def test_describe_tells_whose_a_test_point_is(client: Client, deep: LatentSpace) -> None:
    described = client.predict(DEEP, 3, api_name="/describe")
    assert (described["model"], described["point"]) == (DEEP, 3)
    assert described["label"] == deep.class_names[deep.labels[3]]
    np.testing.assert_allclose(described["latents"], deep.latents[3], atol=1e-6)


def test_describe_carries_the_reconstruction_and_the_original(client: Client, flat: LatentSpace) -> None:
    described = client.predict(FLAT, 3, api_name="/describe")
    assert (described["width"], described["height"], described["note"]) == (8, 8, "")
    assert base64.b64decode(described["reconstruction"]) == to_bytes(flat.decode(flat.latents[3:4])).tobytes()
    assert len(base64.b64decode(described["original"])) == 64


@pytest.mark.parametrize(
    ("endpoint", "arguments", "sentence"),
    [
        ("/map_decode", ("<b>nowhere</b>", 0, 0), "There is no map of that name"),
        ("/map_decode", (["list"], 0, 0), "model must be the name of a map."),
        ("/map_decode", (FLAT, 0, 1e9), "y must be finite and within"),
        ("/map_decode", (FLAT, 10**400, 0), "x must be finite and within"),
        ("/map_decode", (FLAT, "zero", 0), "x must be a number."),
        ("/map_decode", (FLAT, 0, 0, 500), "point must be smaller than 500."),
        ("/map_decode", (FLAT, 0, 0, -1), "point must be the index of a test point"),
        ("/map_decode", (FLAT, 0, 0, 1.5), "point must be the index of a test point"),
        ("/map_encode", ("<b>nowhere</b>", []), "There is no map of that name"),
        ("/map_encode", (FLAT, "pixels"), "images must be a list of at most 256 images."),
        ("/map_encode", (FLAT, [[[0.0]]]), "images must have the shape (B, 8, 8)"),
        ("/map_encode", (FLAT, [["pixels"]]), "images must be numbers of the shape (B, 8, 8)."),
        ("/map_encode", (FLAT, [[[0.0] * 8] * 7 + [[0.0] * 7]]), "images must be numbers of the shape (B, 8, 8)."),
        ("/map_encode", (FLAT, [[[2.0] * 8] * 8]), "images must lie in [0, 1]."),
        ("/map_encode", (FLAT, [[[10**400] * 8] * 8]), "images must be numbers of the shape (B, 8, 8)."),
        ("/map_encode", (FLAT, [[[0]]] * 10_000), "images must be a list of at most 256 images."),
        ("/describe", ("<b>nowhere</b>", 0), "There is no map of that name"),
        ("/describe", (FLAT, 500), "point must be a whole number from 0 to 499."),
        ("/describe", (FLAT, -1), "point must be a whole number from 0 to 499."),
        ("/describe", (FLAT, "first"), "point must be a whole number from 0 to 499."),
        ("/describe", (FLAT, None), "point must be a whole number from 0 to 499."),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_input_gets_a_sentence(client: Client, endpoint: str, arguments: tuple, sentence: str) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(*arguments, api_name=endpoint)
    assert str(caught.value).startswith(sentence)
    assert "nowhere" not in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "data", "sentence"),
    [
        ("map_decode", f'["{FLAT}", NaN, 0, null, null, null]', "x must be finite and within"),
        ("map_decode", f'["{FLAT}", 0, -Infinity, null, null, null]', "y must be finite and within"),
        ("map_decode", f'["{FLAT}", 0, 0, null, null, [0, NaN]]', "each number of z must be finite"),
        ("about", f'["{FLAT}", [0, Infinity], 6, null]', "z must be finite"),
        ("select", f'["{FLAT}", [NaN]]', "Each point must be a whole number"),
        ("samples", f'["{FLAT}", NaN, "prior", 0, null]', "n must be a whole number"),
        (
            "map_encode",
            f'["{FLAT}", [[{", ".join([str([0] * 8)] * 7)}, [NaN, 0, 0, 0, 0, 0, 0, 0]]]]',
            "images must be finite",
        ),
    ],
)
def test_numbers_that_json_does_not_know_get_a_sentence(
    demo: gr.Blocks, endpoint: str, data: str, sentence: str
) -> None:
    url = f"{demo.local_url}gradio_api/call/{endpoint}"
    headers = {"Content-Type": "application/json"}
    event = httpx.post(url, content=f'{{"data": {data}}}', headers=headers, timeout=30).json()["event_id"]
    stream = httpx.get(f"{url}/{event}", timeout=30).text
    assert "event: error" in stream
    assert sentence in stream


def test_the_page_and_the_live_routes_share_one_port(demo: gr.Blocks) -> None:
    health = httpx.get(f"{demo.local_url}gradio_api/explorer/healthz").json()
    assert health["models"]["available"] == [name for name in RECIPES if name in (FLAT, DEEP)]


def test_the_page_serves_frames_over_its_socket(demo: gr.Blocks, flat: LatentSpace) -> None:
    with connect(f"{demo.local_url.replace('http', 'ws')}gradio_api/explorer/ws") as visitor:
        visitor.send(json.dumps({"id": 1, "model": FLAT, "x": 0.5, "y": 0.5}))
        assert visitor.recv(timeout=30)[live.HEADER.size :] == to_bytes(flat.decode([[0.5, 0.5]])).tobytes()


def test_every_endpoint_is_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert all(inspect.cleandoc(endpoint["description"]) for endpoint in endpoints.values())


def test_closing_the_page_frees_its_port_and_ends_its_worker() -> None:
    before = set(threading.enumerate())
    demo = serve()
    workers = [thread for thread in set(threading.enumerate()) - before if thread.name == "decode-worker"]
    demo.close(verbose=False)
    assert len(workers) == 1
    workers[0].join(30)
    assert not workers[0].is_alive()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", demo.server_port))
