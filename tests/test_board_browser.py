"""The board in a real headless Chromium (``make test-browser``)."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stance.board import write_board
from stance.check import SourceComparison

from boards import CLOSED, HOSTILE, RAIN, RESIGNED, SCHOOL, crowd, cut, hostile, village, wire

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1280, 800), (360, 740)
SLOW = 2.0
"""Seconds that nothing on a board of 5000 cells may take, on a machine that has other things to do."""

CONTRASTS = """
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
function grounds(element) {
  for (let one = element; one; one = one.parentElement) {
    const { backgroundColor, backgroundImage } = getComputedStyle(one);
    if (backgroundImage !== "none") return backgroundImage.match(/rgb\\([^)]*\\)/g).map(numbers);
    const colour = numbers(backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return [colour];
  }
  return [[255, 255, 255]];
}
const poor = new Set();
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let seen = 0;
while (texts.nextNode()) {
  const { parentElement: element, data } = texts.currentNode;
  if (!data.trim() || !element.checkVisibility() || element.closest("script, noscript")) continue;
  seen += 1;
  const ink = light(numbers(getComputedStyle(element).color));
  for (const ground of grounds(element)) {
    const [less, more] = [ink, light(ground)].sort((a, b) => a - b);
    const ratio = (more + 0.05) / (less + 0.05);
    if (ratio < 4.5) poor.add(`${data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
}
return [seen, [...poor]];
"""

Driver = Any
Open = Callable[..., Driver]


def installed(*names: str) -> str:
    """Return where the first of some programs is, or skip."""
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip(f"{names[0]} is not installed; on Debian: apt-get install chromium chromium-driver")
    return found


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is missing: pip install '.[dev]'")
    options = webdriver.ChromeOptions()
    options.binary_location = installed("chromium", "chromium-browser", "google-chrome")
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(installed("chromedriver"))
    started = webdriver.Chrome(options, service)
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture
def show(driver: Driver, tmp_path: Path) -> Iterator[Open]:
    """Open a board; whatever the test does then, the browser must have nothing to complain about."""

    def open_board(board: SourceComparison, target: str = "", size: tuple[int, int] = DESKTOP) -> Driver:
        write_board(tmp_path / "board.html", board)
        emulate(driver, size)
        driver.get((tmp_path / "board.html").as_uri() + target)
        return driver

    driver.get("about:blank")
    driver.get_log("browser")
    yield open_board
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert driver.get_log("browser") == []


def emulate(driver: Driver, size: tuple[int, int]) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def scheme(driver: Driver, name: str, media: str = "") -> None:
    features = [{"name": "prefers-color-scheme", "value": name}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def find(driver: Driver, selector: str) -> Any:
    return driver.find_element("css selector", selector)


def texts(driver: Driver, selector: str) -> list[str]:
    return [one.text for one in driver.find_elements("css selector", selector)]


def click(driver: Driver, selector: str) -> None:
    """Click, and wait until the panel shows what a link leads to."""
    what = find(driver, selector)
    target = what.get_dom_attribute("href")
    what.click()
    if target:
        wait(driver, lambda: find(driver, "[aria-current]").get_dom_attribute("href") == target)


def wait(driver: Driver, condition: Callable[[], object]) -> bool:
    from selenium.common.exceptions import NoSuchElementException, TimeoutException
    from selenium.webdriver.support.wait import WebDriverWait

    try:
        return bool(WebDriverWait(driver, 5, 0.02, [NoSuchElementException]).until(lambda _: condition()))
    except TimeoutException:
        return False


def shows(driver: Driver, title: str) -> bool:
    """Return whether the panel comes to show something under a title."""
    return wait(driver, lambda: find(driver, "#panel h2").text == title)


def choose(driver: Driver, name: str, label: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(find(driver, f"#{name}")).select_by_visible_text(label)


def press(driver: Driver, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(driver).send_keys(key).perform()


def press_with(driver: Driver, modifier: str, key: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).key_down(modifier).send_keys(key).key_up(modifier).perform()


def claims(driver: Driver) -> list[str]:
    """Return the claims that are shown, from top to bottom."""
    return [text for text in texts(driver, "tbody th a") if text]


def focused(driver: Driver) -> str:
    """Return the address of the link that has the focus."""
    return str(driver.switch_to.active_element.get_dom_attribute("href"))


# Evidence


def test_a_click_on_a_cell_opens_its_sentences_with_voice_and_probabilities(show: Open) -> None:
    driver = show(village())
    panel = find(driver, "#panel")
    assert not panel.is_displayed()
    click(driver, "a[href='#c1a2']")
    assert panel.is_displayed()
    assert shows(driver, "Herald")
    assert texts(driver, "#panel li .chip") == ["▲ supports", "▼ denies"]
    assert texts(driver, "#panel blockquote") == ["He went, said Bo.", "He stays, wrote Bo."]
    assert texts(driver, "#panel mark") == ["Bo", "Bo"]
    assert "supports 65 % · denies 18 % · neutral 18 %" in panel.text
    assert RESIGNED in panel.text
    click(driver, "#close")
    assert not panel.is_displayed()
    assert focused(driver) == "#c1a2"


def test_a_voice_behind_an_emoji_is_marked_where_it_stands(show: Open) -> None:
    driver = show(village(), "#c1a0")
    assert find(driver, "#panel mark").text == "the clerk Ann Lee"
    assert "voice: the clerk Ann Lee" in find(driver, "#panel").text


def test_the_outlet_itself_is_named_as_voice_and_an_unknown_voice_is_not(show: Open) -> None:
    driver = show(village(), "#c0a0")
    assert texts(driver, "#panel li small")[0] == "voice: the outlet itself"
    assert find(driver, "#panel").text.count("voice:") == 1
    assert texts(driver, "#panel mark") == []


def test_a_click_on_a_claim_opens_what_all_articles_say(show: Open) -> None:
    driver = show(village())
    click(driver, "a[href='#c0']")
    assert shows(driver, CLOSED)
    assert texts(driver, "#panel h3") == ["Gazette ▲ supports", "Courier ▲ supports"]
    assert len(texts(driver, "#panel blockquote")) == 3
    assert find(driver, "#panel").text.endswith("– neutral Herald")


def test_a_sentence_whose_end_was_not_read_is_told(show: Open) -> None:
    driver = show(cut(), "#c0")
    assert texts(driver, "#panel h3") == ["A ▼ denies", "B – neutral"]
    told = find(driver, "#panel").text
    assert told.count("end not read") == 1
    assert "1 sentence is too long for the model: the end was not read." in told
    assert "2 sentences are too long for the model: the end was not read." in told
    assert told.endswith("– neutral C")


def test_wire_copy_and_suggestions_are_told(show: Open) -> None:
    driver = show(wire(), "#c0")
    told = find(driver, "#panel").text
    assert "split: 1 sentence supports it, 1 sentence denies it; what articles copied counts once" in told
    assert told.count("the same sentence in") == 2
    assert "the same sentence in Courier" in told
    click(driver, "a[href='#c1']")
    assert shows(driver, "Its cargo was lost.")
    assert "Suggested from Courier" in find(driver, "#panel").text


def test_words_that_matter_are_underlined_and_their_effect_is_told(show: Open) -> None:
    driver = show(wire(), "#c0a2")
    assert texts(driver, "#panel u") == ["Nobody"]
    assert texts(driver, "#panel blockquote") == ["🙂 Nobody sank anything."]
    assert "denies: without “Nobody” −46 points" in find(driver, "#panel").text


def test_only_addresses_of_the_web_are_linked(show: Open) -> None:
    driver = show(village(), "#c1")
    links = [one.get_dom_attribute("href") for one in driver.find_elements("css selector", "#panel a")]
    assert links == ["https://gazette.example/a?b=1&c=2"]
    assert find(driver, "#panel a").get_dom_attribute("rel") == "noopener noreferrer"


def test_an_article_without_a_side_says_so(show: Open) -> None:
    driver = show(village(), "#c3a2")
    assert "None of its 5 sentences takes a side." in find(driver, "#panel").text


def test_addresses_and_the_back_button_work(show: Open) -> None:
    driver = show(village(), "#c1a1")
    assert shows(driver, "Courier")
    click(driver, "a[href='#c0a0']")
    assert shows(driver, "Gazette")
    assert find(driver, "[aria-current]").get_dom_attribute("href") == "#c0a0"
    driver.back()
    assert shows(driver, "Courier")


@pytest.mark.parametrize("target", ["#c99", "#c0a99", "#c00", "#nothing", "#c0a0x", "#%22]"])
def test_an_address_that_leads_nowhere_opens_nothing(show: Open, target: str) -> None:
    driver = show(village(), target)
    assert not find(driver, "#panel").is_displayed()
    assert find(driver, "#shown").text == "4 of 4 claims"


# Sorting and filtering


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("split claims first", [RESIGNED, CLOSED, SCHOOL, RAIN]),
        ("the order given", [CLOSED, RESIGNED, SCHOOL, RAIN]),
        ("claim, A to Z", [SCHOOL, RAIN, CLOSED, RESIGNED]),
        ("most support", [CLOSED, RESIGNED, SCHOOL, RAIN]),
        ("most denials", [RESIGNED, CLOSED, SCHOOL, RAIN]),
        ("Courier", [CLOSED, RESIGNED, SCHOOL, RAIN]),
        ("Herald", [SCHOOL, RESIGNED, CLOSED, RAIN]),
    ],
)
def test_claims_can_be_sorted(show: Open, order: str, expected: list[str]) -> None:
    driver = show(village())
    assert claims(driver) == [RESIGNED, CLOSED, SCHOOL, RAIN]
    choose(driver, "order", "claim, A to Z")
    choose(driver, "order", order)
    assert claims(driver) == expected


def test_the_head_of_a_column_sorts_by_it(show: Open) -> None:
    driver = show(village())
    assert texts(driver, "th[aria-sort]") == ["Standing"]
    heads = driver.find_elements("css selector", "thead th")
    for head, first in ((heads[0], SCHOOL), (heads[4], SCHOOL), (heads[3], CLOSED), (heads[1], RESIGNED)):
        head.click()
        assert claims(driver)[0] == first
        assert texts(driver, "th[aria-sort=ascending]") == [head.text]


@pytest.mark.parametrize(
    ("words", "standing", "verdict", "expected"),
    [
        ("BRIDGE", "all", "any", [CLOSED]),
        ("the  closed", "all", "any", [CLOSED]),
        ("the", "all", "any", [RESIGNED, CLOSED]),
        ("", "split (1)", "any", [RESIGNED]),
        ("", "all", "denies", [RESIGNED]),
        ("", "all", "supports", [RESIGNED, CLOSED, SCHOOL]),
        ("rain", "split (1)", "any", []),
    ],
)
def test_claims_can_be_filtered(
    show: Open, words: str, standing: str, verdict: str, expected: list[str]
) -> None:
    driver = show(village())
    find(driver, "#words").send_keys(words)
    choose(driver, "standing", standing)
    choose(driver, "verdict", verdict)
    assert claims(driver) == expected
    assert find(driver, "#shown").text == f"{len(expected)} of 4 claims"
    click(driver, "[type=reset]")
    assert wait(driver, lambda: claims(driver) == [RESIGNED, CLOSED, SCHOOL, RAIN])
    assert find(driver, "#shown").text == "4 of 4 claims"


# Keyboard and screen readers


def test_the_board_is_used_with_the_keyboard_alone(show: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = show(village())
    press(driver, *[Keys.TAB] * 6)  # words, three lists, the button, the board
    assert focused(driver) == "#c1"
    press(driver, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert focused(driver) == "#c0a1"
    press(driver, Keys.ENTER)
    assert shows(driver, "Courier")
    assert driver.switch_to.active_element == find(driver, "#panel h2")
    press(driver, Keys.TAB)
    assert driver.switch_to.active_element == find(driver, "#close")
    press(driver, Keys.ESCAPE)
    assert not find(driver, "#panel").is_displayed()
    assert focused(driver) == "#c0a1"
    press(driver, Keys.ARROW_UP, Keys.END, Keys.SPACE)
    assert shows(driver, "Herald")
    press(driver, Keys.ESCAPE, Keys.HOME, Keys.ARROW_LEFT, Keys.ARROW_UP)
    assert focused(driver) == "#c1"  # the board has an end
    press_with(driver, Keys.CONTROL, Keys.END)
    assert focused(driver) == "#c3a2"


def test_what_has_the_focus_is_outlined_and_is_where_tab_comes_back_to(show: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = show(village())
    press(driver, *[Keys.TAB] * 6, Keys.ARROW_DOWN)
    style = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]"
    assert driver.execute_script(style) == ["solid", "3px"]
    press_with(driver, Keys.SHIFT, Keys.TAB)
    assert find(driver, "[type=reset]") == driver.switch_to.active_element
    assert driver.execute_script(style) == ["solid", "3px"]
    press(driver, Keys.TAB)
    assert focused(driver) == "#c0"
    find(driver, "#words").send_keys("rain")  # the claim with the focus is filtered out
    press(driver, *[Keys.TAB] * 5)
    assert focused(driver) == "#c3"


def test_screen_readers_are_told_what_is_what(show: Open) -> None:
    driver = show(village(), "#c1a2")
    assert find(driver, "#board").aria_role == "grid"
    assert find(driver, "#board").accessible_name.startswith("Claims by articles")
    assert find(driver, "a[href='#c1a2']").accessible_name == "disputed"
    assert find(driver, "td.standing.split small").text == "▲ 1 ▼ 1 ◆ 1"
    assert find(driver, "td.standing.split .unseen").get_property("textContent") == (
        "supports 1, denies 1, disputed 1"
    )
    assert find(driver, "#panel").aria_role == "dialog"
    assert find(driver, "#panel").accessible_name == "Herald"
    assert find(driver, "#close").accessible_name == "Close"
    names = [find(driver, f"#{name}").accessible_name for name in ("words", "standing", "verdict", "order")]
    assert names == ["Find", "Standing", "Verdict", "Sort by"]


# Hostile articles


def test_a_hostile_article_does_no_harm(show: Open) -> None:
    driver = show(hostile())
    cells = ["#c0", "#c1", "#c0a0", "#c0a1", "#c1a0", "#c1a1"]
    for cell in cells:
        click(driver, f"a[href='{cell}']")
        assert driver.execute_script("return window.harmed") is None
        assert driver.execute_script("return document.querySelectorAll('img, b, script').length") == 2
    hrefs = driver.execute_script("return [...document.querySelectorAll('a')].map((a) => a.protocol)")
    assert set(hrefs) == {"file:"}
    assert find(driver, "#order").get_property("options")[6].get_property("value") == "1"


def test_a_hostile_article_is_shown_as_it_is(show: Open) -> None:
    driver = show(hostile(), "#c0a0")
    shown = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
    assert driver.execute_script(shown, "#panel blockquote") == [f"{HOSTILE} says {HOSTILE}", HOSTILE]
    assert driver.execute_script(shown, "#panel mark") == [HOSTILE, HOSTILE]
    assert driver.execute_script(shown, "tbody th a")[0] == HOSTILE
    assert driver.execute_script("return title.textContent") == f"{HOSTILE} (1)"


def test_a_name_that_turns_the_direction_of_writing_turns_nothing_beside_it(show: Open) -> None:
    driver = show(hostile(), "#c0")
    beside = """const [name, chip] = document.querySelector("#panel h3").children;
      const last = [...name.getClientRects()].at(-1);
      return [name.tagName, chip.getBoundingClientRect().left >= last.right - 1 ||
        chip.getBoundingClientRect().top > last.top + 5]"""
    assert driver.execute_script(beside) == ["BDI", True]


def test_the_policy_of_the_page_lets_no_text_become_html(show: Open) -> None:
    driver = show(village())
    refused = """try { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='harmed = 1'>"); }
      catch (error) { return error.name; }"""
    assert driver.execute_script(refused) == "TypeError"
    [complaint] = driver.get_log("browser")
    assert "TrustedHTML" in complaint["message"]


# Windows, paper, colours


@pytest.mark.parametrize("board", [village, hostile, lambda: crowd(12, 50)], ids=["village", "hostile", "50"])
@pytest.mark.parametrize("target", ["", "#c0", "#c0a0"])
def test_a_phone_never_scrolls_the_page_sideways(
    show: Open, board: Callable[[], SourceComparison], target: str
) -> None:
    driver = show(board(), target, PHONE)
    widths = driver.execute_script(
        "return [document.documentElement, panel].map((one) => [one.scrollWidth, one.clientWidth])"
    )
    for needed, given in widths:
        assert needed <= given <= 360


def test_evidence_has_the_width_of_the_phone_and_leaves_the_cell_in_sight(show: Open) -> None:
    driver = show(crowd(12, 9), size=PHONE)
    link = find(driver, "tbody tr:nth-child(6) .cell")
    driver.execute_script("arguments[0].scrollIntoView({block: 'end'})", link)
    link.click()
    assert shows(driver, "The Morning Observer of Town 0")
    assert find(driver, "#panel blockquote").rect["width"] > 0.8 * 360
    on_top = """const { x, y, width, height } = arguments[0].getBoundingClientRect();
      return arguments[0].contains(document.elementFromPoint(x + width / 2, y + height / 2))"""
    assert driver.execute_script(on_top, link)


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (800, 600)])
@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_text_has_the_contrast_that_AA_asks_for(show: Open, name: str, size: tuple[int, int]) -> None:
    driver = show(village(), "#c1", size)
    scheme(driver, name)
    seen, poor = driver.execute_script(CONTRASTS)
    assert seen > 40
    assert poor == []


def test_the_dark_scheme_is_dark(show: Open) -> None:
    driver = show(village())
    grounds = []
    for name in ("light", "dark"):
        scheme(driver, name)
        grounds.append(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(21, 24, 28)"]


def test_paper_has_the_board_and_the_evidence_of_the_claims_that_are_shown(show: Open) -> None:
    driver = show(village(), "#c1a2")
    scheme(driver, "dark", "print")
    choose_script = "standing.value = 'split'; standing.dispatchEvent(new Event('change'))"
    driver.execute_script(choose_script)
    driver.execute_script("""addEventListener("beforeprint", () => { window.seen = {
      text: printed.textContent, links: document.querySelectorAll("table a[href]").length,
      shown: ["#panel", "#controls", "#hint", "table", "#printed"].filter(
        (one) => document.querySelector(one).checkVisibility()) } })""")
    pdf = base64.b64decode(driver.print_page())
    assert pdf.startswith(b"%PDF")
    seen = driver.execute_script("return seen")
    assert seen["shown"] == ["table", "#printed"]
    assert RESIGNED in seen["text"]
    assert "He stays, wrote Bo." in seen["text"]
    assert CLOSED not in seen["text"]
    assert seen["links"] == 0
    assert (
        driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    after = "return [printed.hidden, document.querySelectorAll('table a[href]').length]"
    assert driver.execute_script(after) == [True, 4 + 4 * 3]


@pytest.mark.parametrize(("articles", "width"), [(5, 180), (70, 265)], ids=["upright", "across"])
def test_all_columns_fit_on_a_sheet(show: Open, articles: int, width: int) -> None:
    driver = show(crowd(3, articles), size=(round(width * 96 / 25.4), 800))
    scheme(driver, "light", "print")
    right = (
        "return Math.max(...[...document.querySelectorAll('table *')].map((one) => "
        "one.getBoundingClientRect().right)) - innerWidth"
    )
    assert driver.execute_script(right) <= 1
    assert find(driver, "tbody th").rect["width"] > 200  # and the claims are not squeezed


def test_without_scripts_the_table_is_there_and_says_what_is_missing(show: Open) -> None:
    driver = show(village())
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver.refresh()
        assert "scripts are switched off here" in find(driver, "main").text
        assert not find(driver, "#controls").is_displayed()
        assert claims(driver) == [RESIGNED, CLOSED, SCHOOL, RAIN]
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


# Big boards


def timed(driver: Driver, action: str) -> float:
    """Return how many seconds an action takes until the page is laid out again."""
    script = f"const start = performance.now(); {action}; document.body.offsetHeight; "
    return float(driver.execute_script(script + "return (performance.now() - start) / 1000"))


def test_a_board_of_100_claims_and_50_articles_stays_smooth(show: Open) -> None:
    started = time.perf_counter()
    driver = show(crowd(100, 50))
    assert len(driver.find_elements("css selector", "td .cell")) == 5000
    assert time.perf_counter() - started < 10
    assert driver.execute_script("return document.querySelectorAll('li, blockquote').length") == 4
    typed = "words.value = '9'; words.dispatchEvent(new Event('input'))"
    sort = "order.value = '{}'; order.dispatchEvent(new Event('change'))"
    taken = {
        "filter": timed(driver, typed),
        "clear": timed(driver, typed.replace("9", "")),
        "sort": timed(driver, sort.format("denies")),
        "sort by article": timed(driver, sort.format("49")),
        "open a cell": timed(driver, "location.hash = '#c7a0'; follow()"),
        "open a claim": timed(driver, "location.hash = '#c98'; follow()"),
    }
    assert {what: seconds for what, seconds in taken.items() if seconds > SLOW} == {}
    assert len(texts(driver, "#panel h3")) > 10


def test_what_has_the_focus_is_never_below_the_heads_or_the_claims(show: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = show(crowd(40, 50))
    on_top = """const { x, y, width, height } = document.activeElement.getBoundingClientRect();
      return document.activeElement.contains(document.elementFromPoint(x + width / 2, y + height / 2))"""
    driver.execute_script("body.querySelector('a').focus()")
    for keys in ([Keys.END], [Keys.PAGE_DOWN] * 3, [Keys.ARROW_LEFT] * 45, [Keys.ARROW_UP] * 28, [Keys.HOME]):
        press(driver, *keys)
        assert driver.execute_script(on_top), keys
