"""Every key of the page, and what must not be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.segmentation.page.painted_page import PaintedPage, colour_at

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

SKY = (240, 20)


def tool(painted: PaintedPage) -> str:
    """Give the tool in use."""
    return str(painted.page.locator(".rail [aria-pressed=true]").get_attribute("aria-label"))


def test_n_and_p_go_round_through_the_photos_and_lose_nothing(painted: PaintedPage) -> None:
    painted.click(*SKY)
    for key, name in (("n", "b.png"), ("n", "c.png"), ("n", "a.png"), ("p", "c.png"), ("n", "a.png")):
        painted.page.keyboard.press(key)
        painted.ready(name)
    assert colour_at(painted.paint(), *SKY) == (204, 0, 0)
    expect(painted.page.locator(".film-photo").first).to_have_attribute("data-kept", "painted")


def test_letters_choose_tools(painted: PaintedPage) -> None:
    for key, name in (("u", "Unfill"), ("c", "Cut"), ("i", "Pick a colour"), ("h", "Move the photo"), ("f", "Fill")):
        painted.page.keyboard.press(key)
        expect(painted.page.locator(".rail [aria-pressed=true]")).to_have_attribute("aria-label", name)
    painted.click(*SKY)
    painted.page.keyboard.press("u")
    painted.click(*SKY)
    assert not painted.paint().any()


def test_the_tool_cut_needs_no_middle_button(painted: PaintedPage) -> None:
    painted.page.keyboard.press("c")
    painted.click(240, 0)
    painted.click(240, 59)
    painted.page.keyboard.press("f")
    painted.click(20, 20)
    assert colour_at(painted.paint(), 300, 20) is None


def test_d_and_b_change_what_is_shown(painted: PaintedPage) -> None:
    painted.page.keyboard.press("d")
    expect(painted.page.locator(".legend")).to_be_visible()
    painted.page.keyboard.press("d")
    expect(painted.page.locator(".legend")).to_be_hidden()
    borders = painted.page.get_by_role("button", name="Borders")
    painted.page.keyboard.press("b")
    expect(borders).to_have_attribute("aria-pressed", "false")


def test_keys_are_letters_while_a_field_has_the_focus_and_space_presses_no_page(painted: PaintedPage) -> None:
    painted.page.get_by_role("button", name="Classes…").click()
    painted.page.get_by_role("button", name="Add the current colour").click()
    field = painted.page.locator("dialog input[type=text]")
    field.press_sequentially("rn p?")
    expect(field).to_have_value("rn p?")
    painted.page.get_by_role("button", name="Save", exact=True).click()
    expect(painted.page.locator(".class-name")).to_have_text("rn p?")
    painted.ready("a.png")
    assert painted.client.get("/api/overview").content["classes"] == [{"name": "rn p?", "colour": [204, 0, 0]}]


def test_digits_take_up_classes(painted: PaintedPage) -> None:
    given = [{"name": "crack", "colour": [204, 0, 0]}, {"name": "moss", "colour": [0, 120, 0]}]
    painted.client.post("/api/classes", {"classes": given})
    painted.page.reload()
    painted.ready()
    painted.page.keyboard.press("2")
    expect(painted.page.get_by_role("button", name="moss")).to_have_attribute("aria-pressed", "true")
    painted.click(*SKY)
    assert colour_at(painted.paint(), *SKY) == (0, 120, 0)


def test_a_class_that_is_black_is_refused_in_the_dialog(painted: PaintedPage) -> None:
    painted.page.get_by_role("button", name="Classes…").click()
    painted.page.get_by_role("button", name="Add the current colour").click()
    painted.page.locator("dialog input[type=text]").fill("night")
    painted.page.locator("dialog input[type=color]").fill("#000000")
    painted.page.get_by_role("button", name="Save", exact=True).click()
    expect(painted.page.locator("dialog [role=alert]")).to_contain_text("black")


def test_space_after_a_click_on_a_button_writes_masks(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.page.get_by_role("button", name="Unfill", exact=False).first.click()
    painted.page.keyboard.press("Space")
    painted.ready("b.png")
    assert tool(painted) == "Unfill"
    assert list((painted.folder / "masks").glob("a_mask_*.png"))


def test_no_key_scrolls_the_page(painted: PaintedPage) -> None:
    for key in ("Space", "ArrowDown", "PageDown", "End"):
        painted.page.keyboard.press(key)
    assert painted.page.evaluate("() => [scrollX, scrollY]") == [0, 0]
    expect(painted.page.locator(".photo-name")).to_contain_text("b.png")


def test_the_help_lists_every_command_and_escape_closes_it(painted: PaintedPage) -> None:
    painted.page.keyboard.press("?")
    keys = painted.page.evaluate(
        """async () => {
          const { COMMANDS } = await import("/segmentation/static/commands.js");
          return Object.values(COMMANDS).map((command) => command.words);
        }"""
    )
    shown = painted.page.locator("dialog").inner_text()
    assert [words for words in keys if words not in shown] == []
    painted.page.keyboard.press("Escape")
    expect(painted.page.locator("dialog")).to_have_count(0)


def test_no_key_has_two_meanings(painted: PaintedPage) -> None:
    keys = painted.page.evaluate(
        """async () => {
          const { COMMANDS } = await import("/segmentation/static/commands.js");
          return Object.values(COMMANDS).flatMap((command) => command.keys);
        }"""
    )
    assert len(keys) == len(set(keys))


def test_the_documentation_names_every_key(painted: PaintedPage, root_dir: Path) -> None:
    keys = painted.page.evaluate(
        """async () => {
          const { COMMANDS } = await import("/segmentation/static/commands.js");
          const { keyText } = await import("/static/keys.js");
          return Object.values(COMMANDS).flatMap((command) => command.keys).map(keyText);
        }"""
    )
    text = (root_dir / "docs" / "painting_page.md").read_text(encoding="utf-8")
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_q_says_what_is_not_written_and_can_be_given_up(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.kept()
    painted.page.keyboard.press("q")
    expect(painted.page.locator("dialog")).to_contain_text("Masks of 1 photo are not written yet.")
    painted.page.get_by_role("button", name="Cancel").click()
    expect(painted.page.locator("dialog")).to_have_count(0)
    assert colour_at(painted.paint(), *SKY) == (204, 0, 0)
