"""The page in its languages: the same keys in all of them, the browser's own, and no English left in the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from map_page import drag, use, visit
from playwright.sync_api import BrowserContext, Page, expect

import explorer
from explorer.ui.models_tab import COLUMNS
from explorer.ui.texts import texts
from explorer.visitors.trainings import SECONDS

pytestmark = pytest.mark.browser
FLAT, PLAIN, DEEP = "digits-vae-2d", "fashion-ae-2d", "mnist-vae-20d"
ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("point", "lattice", "trust", "walk", "sample", "draw", "axes", "direction", "select", "compare", "history")
TERMS = re.compile(
    r"AutoencoderKL|built-in|float32|fp16|Fashion-MNIST|scikit-learn|numpy\.load|NumPy|Python|PyTorch|Shift|Enter|"
    r"\.zip|N\(0, I\)|[A-Z]{2,}|cpu"
)
ENGLISH = re.compile(r"[A-Za-z]{3,}|[A-Za-z]{2,}[ ,:;.]+[A-Za-z]{2,}")
SIMPLIFIED = "图样变维动点这间过里码们个张为时后对学习类别编译图还远离压缩网滑块数据"
TRADITIONAL = "圖樣變維動點這間過裡碼們個張為時後對學習類別編譯還遠離壓縮網滑塊數據"
ONLY = {  # signs that one of the two scripts alone has
    "zh-CN": set(SIMPLIFIED) - set(TRADITIONAL),
    "zh-TW": set(TRADITIONAL) - set(SIMPLIFIED),
}
SAID = """root => {
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = root; node; node = walker.nextNode()) {
        if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
        else if (["STYLE", "SCRIPT", "PRE"].includes(node.tagName)) continue;
        else found.push(...["title", "aria-label", "placeholder", "alt"].map((name) => node.getAttribute(name) ?? ""));
    }
    return [...new Set(found.map((text) => text.trim()).filter(Boolean))];
}"""


def marks(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def test_every_language_says_everything() -> None:
    found = texts()
    assert set(found) >= {"en", "zh-CN", "zh-TW"}
    for language, said in found.items():
        assert said.keys() == found["en"].keys(), language
        for key, text in said.items():
            assert marks(text) == marks(found["en"][key]), (language, key)


def test_the_texts_of_shipped_models_are_their_configs() -> None:
    said = texts()["en"]
    for name in explorer.available():
        config = explorer.load(name).config
        assert (said[f"model.{name}.title"], said[f"model.{name}.teaches"]) == (config["title"], config["teaches"])
    assert all(said[key] == key.split(".")[2] for key in said if key.startswith("class."))


def test_the_longest_training_is_told_as_it_is() -> None:
    assert all(f" {SECONDS} " in said["train.about"] for said in texts().values())


def test_every_key_that_is_asked_for_is_there() -> None:
    sources = [
        *(ROOT / "assets").rglob("*.html"),
        *(ROOT / "assets").rglob("*.js"),
        *(ROOT / "explorer/ui").rglob("*.py"),
    ]
    called = re.compile(r'(?:\bsay|\bi18n|\bNote)\("([^"]+)"|data-(?:text|title|label|alt)="([\w.-]+)"')
    asked = {a or b for source in sources for a, b in called.findall(source.read_text(encoding="utf-8"))}
    assert len(asked) > 200
    assert asked - texts()["en"].keys() == set()


def test_neither_script_has_the_others_signs() -> None:
    found = texts()
    for language, other in (("zh-CN", "zh-TW"), ("zh-TW", "zh-CN")):
        foreign = {key: ONLY[other] & set(text) for key, text in found[language].items()}
        assert {key: signs for key, signs in foreign.items() if signs} == {}


@pytest.mark.parametrize(
    ("locale", "asked", "language"),
    [("zh-HK", "", "zh-TW"), ("en-US", "&lang=zh-CN", "zh-CN"), ("zh-CN", "&lang=en", "en")],
)
def test_all_of_the_page_speaks_the_language_of_the_address_or_else_the_browsers(
    context: BrowserContext, address: str, locale: str, asked: str, language: str
) -> None:
    page, said = context.new_page(), texts()[language]
    speaks = {"userAgent": page.evaluate("navigator.userAgent"), "acceptLanguage": locale}
    context.new_cdp_session(page).send("Emulation.setUserAgentOverride", speaks)
    visit(page, address, f"?model={FLAT}{asked}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator('#tour [data-role="start"]')).to_have_text(said["tour.start"])
    page.get_by_role("tab", name=said["page.photo"], exact=True).click()  # a word of Gradio's part
    page.locator("#photo-examples button").first.click()
    expect(page.locator("#photo-measures")).to_contain_text(said["measure.mae"], timeout=60_000)  # one of the server's
    page.close()


def assert_said_in(page: Page, language: str, part: str) -> None:
    said = page.locator(part).first.evaluate(SAID)
    assert any(ord(sign) > 0x3000 for sign in "".join(said))
    other = {"zh-CN": "zh-TW", "zh-TW": "zh-CN"}[language]
    left = [text for text in said if ENGLISH.search(TERMS.sub("", text)) or ONLY[other] & set(text)]
    assert left == []


def test_the_rest_of_the_page_is_in_the_same_language(page: Page, address: str, tmp_path: Path) -> None:
    language = "zh-TW"
    no_photo, no_zip = tmp_path / "no-photo.png", tmp_path / "no.zip"
    for file in (no_photo, no_zip):
        file.write_text("neither")
    said = texts()[language]
    visit(page, address, f"?model={FLAT}&lang={language}")
    expect(page).to_have_title(said["page.title"])
    page.get_by_role("tab", name=said["page.photo"]).click()
    expect(page.locator("#photo-examples .examples")).to_have_attribute("aria-label", said["photo.examples"])
    assert_said_in(page, language, "#photo-examples")
    page.locator("#photo-examples button").first.click()
    expect(page.locator("#photo-view canvas").first).to_be_visible(timeout=60_000)
    assert_said_in(page, language, "#photo-measures dl")
    page.locator("#photo-input input[type=file]").set_input_files(no_photo)
    expect(page.locator("#photo-notice")).to_contain_text(said["told.photo.none"])
    for layer in ("error", "preview", "photo"):
        page.locator(f'#photo-view [data-layer="{layer}"]').click()
        assert_said_in(page, language, "#photo-view")
    for key in ("photo.slider", "photo.pair"):
        expect(page.get_by_text(said[key], exact=True)).to_be_visible()
    page.get_by_role("tab", name=said["page.train"]).click()
    expect(page.locator('#train-view [data-role="headline"]')).to_have_text(said["train.idle"])
    assert_said_in(page, language, "#train-view")
    page.locator("#train-epochs input[type=number]").fill("3")
    page.locator("#train-start").click()
    expect(page.locator('[data-role="headline"]')).to_have_text(
        said["train.done"].replace("{epochs}", "3"), timeout=60_000
    )
    assert_said_in(page, language, "#train-view")
    page.get_by_text(said["train.open"], exact=True).click()
    page.locator("#train-files input[type=file]").set_input_files(no_zip)
    expect(page.locator("#train-notice")).to_contain_text(said["told.open.zip"])
    page.locator('#train-view [data-role="explore"]').click()
    own = said["own.title"].partition("{")[0].rstrip(" ,，")
    expect(page.locator('[data-role="models"] label').last).to_contain_text(own)
    expect(page.locator('[data-role="teaches"]')).to_contain_text(said["own.vae"].partition("{")[0])
    page.get_by_role("tab", name=said["page.models"]).click()
    expect(page.get_by_text(said["models.commands"])).to_be_visible()
    heads = page.locator("#models-table th").all_text_contents()
    assert heads == [said[f"models.{name}"] for name in COLUMNS]


@pytest.mark.parametrize(("language", "model"), [("zh-CN", PLAIN), ("zh-TW", DEEP)])
def test_no_tool_of_the_map_is_left_in_another_language(page: Page, address: str, language: str, model: str) -> None:
    visit(page, address, f"?model={model}&lang={language}")
    drag(page, [(0.4, 0.5), (0.5, 0.5), (0.6, 0.5)])
    for tool in TOOLS:
        use(page, tool)
        assert_said_in(page, language, "#latent-map")
