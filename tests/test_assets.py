"""The front end's files as the page fetches them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import plotly
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from explorer.live.routes import PATH
from explorer.ui import assets
from explorer.ui.component import mounted
from explorer.ui.map.component import PLOTLY_JS
from explorer.ui.texts import ASSETS

# Of dist/plotly-gl2d.min.js in https://registry.npmjs.org/plotly.js/-/plotly.js-4.1.1.tgz
PLOTLY_SHA256 = "3db1f8ca5c906266bd6ab2eeeef9e3c1e3f45c5844529657c3525ec2ad7c77e4"


@pytest.fixture
def client() -> TestClient:
    api, app = FastAPI(), FastAPI()
    assets.add_routes(api)
    app.mount(PATH, api)
    return TestClient(app)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in the place of assets/."""
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    assets.files.cache_clear()
    assets.version.cache_clear()


def test_a_file_is_kept_for_ever_and_packed_for_those_who_can_read_it(client: TestClient) -> None:
    for name, kind in (("shared/texts.js", "text/javascript"), ("texts/zh-TW.json", "application/json")):
        for accepted, encoding in (("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)):
            answer = client.get(f"/{assets.address(name)}", headers={"Accept-Encoding": accepted})
            assert answer.content == (ASSETS / name).read_bytes()
            assert answer.headers["content-type"].startswith(kind)
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers.get("content-encoding") == encoding


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "%2e%2e/app.py",
        "shared/../../app.py",
        "shared%2f..%2f..%2fapp.py",
        "/etc/passwd",
        "//etc/passwd",
        "..%5capp.py",
        "shared",
        "shared/",
        "",
        "photo/photo.css",
        "shared/texts.js%00",
        "SHARED/TEXTS.JS",
    ],
)
def test_only_what_lies_there_and_is_meant_for_the_page_is_served(client: TestClient, name: str) -> None:
    answer = client.get(f"{PATH}/assets/{assets.version()}/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_under_another_versions_hash_there_is_nothing(client: TestClient) -> None:
    answer = client.get(f"{PATH}/assets/0123456789abcdef/shared/texts.js")
    assert (answer.status_code, set(answer.json())) == (404, {"error"})
    assert "cache-control" not in answer.headers


def test_the_hash_is_another_whenever_any_file_is_another(folder: Path) -> None:
    seen = set()
    for change in ("", "one", "two"):
        (folder / "a.js").write_text(change)
        forget()
        seen.add(assets.version())
    (folder / "a.js").rename(folder / "b.js")
    forget()
    seen.add(assets.version())
    assert len(seen) == 4


def test_an_entrys_preloads_are_all_modules_that_it_imports_each_once(folder: Path) -> None:
    (folder / "map").mkdir()
    (folder / "shared").mkdir()
    start = 'import { a } from "../shared/a.js";\nimport {\n  b,\n  c,\n} from "./b.js";\nimport("./late.js");\n'
    (folder / "map/start.js").write_text(start)
    (folder / "map/b.js").write_text('export * from "../shared/a.js";\n')
    (folder / "map/late.js").write_text("")
    (folder / "shared/a.js").write_text('import "../map/b.js";\n')
    assert assets.modules("map/start.js") == ["map/start.js", "shared/a.js", "map/b.js"]
    links = assets.preloads("map/start.js", "shared/a.js")
    assert links.count("<link") == 3
    assert f'href="gradio_api/explorer/assets/{assets.version()}/map/b.js"' in links


def test_what_is_not_there_has_no_address(folder: Path) -> None:
    (folder / "a.js").write_text('import "./missing.js";\n')
    for asked in (lambda: assets.address("missing.js"), lambda: assets.modules("a.js")):
        with pytest.raises(KeyError):
            asked()


def test_a_components_script_names_its_events_in_quotes_as_gradio_looks_for_them() -> None:
    script = mounted("models/start.js", "pick", "change_view")
    assert '"pick"' in script
    assert '"change_view"' in script
    assert assets.address("models/start.js") in script


def test_the_pages_head_has_the_first_tabs_modules_and_the_texts_fetched_ahead(client: TestClient) -> None:
    from explorer.ui.app import page_head

    asked = re.findall(r'"(?:\./)?(gradio_api/explorer/assets/[^"]+)"', page_head())
    assert {assets.address(name) for name in ("map/start.js", "map/tools/walk/walk.js", "tour/start.js")} <= set(asked)
    assert assets.address("shared/texts.js") in asked
    assert {client.get(f"/{name}").status_code for name in asked} == {200}
    assert not [name for name in asked if "/photo/" in name or "/train/" in name]


def test_every_module_imports_what_is_there_and_none_itself_by_way_of_others() -> None:
    entries = [name for name in assets.files() if name.endswith(".js")]
    assert "map/start.js" in entries
    for name in entries:
        first, *imported = assets.modules(name)
        assert first == name
        assert [other for other in imported if name in assets.modules(other)] == []


def test_the_plotly_script_is_whole_and_of_the_generation_that_plotly_in_python_writes_for() -> None:
    script = (ASSETS / PLOTLY_JS).read_bytes()
    assert hashlib.sha256(script).hexdigest() == PLOTLY_SHA256
    whole = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    ours, theirs = (re.search(rb"plotly\.js .*v(\d+)\.", text[:200]) for text in (script, whole))
    assert ours
    assert theirs
    assert ours[1] == theirs[1]
    assert (ASSETS / PLOTLY_JS).with_name("LICENSE").read_text(encoding="utf-8").startswith("MIT License")
