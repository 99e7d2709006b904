"""The explorer of chapter 13, which holds a conversation, used as a person does."""

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import FRONT, faults_by_step, unfold

CHAPTER = "book/13_chatting.html"
FAULTS = (
    ("No end of turn is supervised", "end-ignored"),
    ("Each end is found as padding", "end-ignored"),
    ("The questions are supervised", "prompt-supervised"),
    ("The headers are supervised", "prompt-supervised"),
    ("Two beginnings", "begins-twice"),
)


@pytest.fixture
def explorer(fresh: Page, site):
    """Open the chapter by double click, and give its explorer, with all of it unfolded."""
    return opened(fresh, (site / CHAPTER).as_uri())


def opened(page, address):
    page.goto(address)
    found = page.locator("batch-explorer")
    expect(found.get_by_role("tab", name="Format")).to_be_visible()
    unfold(found)
    return found


def part(explorer, name):
    return explorer.locator(f'[data-part="{name}"]')


def spoken(explorer):
    """Give who speaks in each message, and the texts."""
    boxes = explorer.locator(".be-message-box")
    roles = boxes.locator("select").evaluate_all("all => all.map(({value}) => value)")
    return roles, boxes.locator("textarea").evaluate_all("all => all.map(({value}) => value)")


def test_a_page_asks_for_what_it_needs_of_conversations_and_no_other_does(fresh, site):
    asked = []
    fresh.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    fresh.goto((site / FRONT).as_uri())
    expect(fresh.get_by_role("tab", name="Format")).to_be_visible()
    assert "explorer_talks.js" not in asked
    asked.clear()
    explorer = opened(fresh, (site / CHAPTER).as_uri())
    assert asked.count("explorer_talks.js") == 1
    for template in ("llama3", "gemma3", "qwen3", "smollm2"):
        explorer.get_by_label("Chat template").select_option(template)
    explorer.get_by_label("Supervised").select_option("Unsloth")
    explorer.get_by_role("tab", name="Tokenize").click()
    assert not [name for name in asked if name.startswith("vocabulary")]
    explorer.get_by_label("Text of message 1 of conversation 1").fill("Tomorow")
    expect(part(explorer, "said")).to_contain_text("token ids")
    expect(explorer.locator("td", has_text="Tom")).to_be_visible()
    assert [name for name in asked if name.startswith("vocabulary")] == ["vocabulary_smollm2.js"]


def test_who_is_supervised_is_chosen_and_the_targets_follow(explorer):
    said = part(explorer, "said")
    for choice, count in (
        ("every answer", 7),
        ("last answer", 4),
        ("as TRL does", 9),
        ("as torchtune does", 16),
        ("as axolotl does", 7),
        ("everything", 34),
    ):
        explorer.get_by_label("Supervised").select_option(label=choice)
        expect(said).to_contain_text(f"Supervised: {choice}. ")
        expect(said).to_contain_text(f"{count} of 34 are left to learn from")


def test_messages_are_added_moved_and_removed_by_keyboard_and_the_row_follows(explorer, fresh):
    own = "of conversation 1"
    explorer.get_by_role("tab", name="Format").click()
    explorer.get_by_role("button", name="Add a message").focus()
    fresh.keyboard.press("Enter")
    expect(explorer.get_by_label(f"Text of message 5 {own}")).to_be_focused()
    fresh.keyboard.type("Why?")
    expect(explorer.locator("td.bt-text")).to_contain_text("Why?")
    explorer.get_by_role("button", name=f"Move up message 5 {own}").click()
    expect(explorer.get_by_label(f"Text of message 4 {own}")).to_be_focused()
    assert spoken(explorer)[0] == ["user", "assistant", "user", "user", "assistant"]
    explorer.get_by_label(f"Who speaks in message 1 {own}").select_option("system")
    explorer.get_by_role("button", name=f"Remove message 3 {own}").click()
    assert spoken(explorer) == (
        ["system", "assistant", "user", "assistant"],
        ["Name a color.", "Blue.", "Why?", "A circle."],
    )
    explorer.get_by_label("Chat template").select_option("gemma3")
    expect(part(explorer, "said")).to_contain_text("wants questions and answers to take turns")
    explorer.get_by_role("button", name="Add a conversation").click()
    expect(explorer.get_by_role("group", name="Conversation 2")).to_be_visible()
    explorer.get_by_role("button", name="Reset").click()
    assert spoken(explorer)[0] == ["user", "assistant"] * 2


def test_each_fault_of_a_chat_opens_by_link_is_outlined_and_can_be_mended(explorer, fresh):
    findings = part(explorer, "findings")
    for title, code in FAULTS:
        fresh.get_by_role("link", name=title).click()
        expect(findings).to_contain_text(f"error {code}: Row 0")
        assert explorer.locator("td.be-marked").count() > 0, title
        explorer.get_by_role("button", name="Mend").click()
        expect(findings).to_be_empty()


def test_masking_a_conversation_by_hand_asks_for_every_end(explorer):
    explorer.get_by_role("button", name="Your turn").click()
    for fold in explorer.locator("td.bt-fold button[data-answer]").all():
        fold.click()
    cells = explorer.locator("td:not(.bt-fold) button[data-answer]")
    names = cells.evaluate_all("all => all.map((one) => one.textContent)")
    wrong = [
        i for i, name in enumerate(names) if "Blue" not in name and name[0] not in "A.\N{OPEN BOX}"
    ]
    for i in wrong:  # the ends, too
        cells.nth(i).click()
    explorer.get_by_role("button", name="Check").click()
    outcome = part(explorer, "outcome")
    expect(outcome).to_contain_text("it ends an answer that is supervised")
    for name in ("0:targets:14", "0:targets:32"):
        explorer.locator(f"[data-answer='{name}']").click()
    explorer.get_by_role("button", name="Check").click()
    expect(outcome).to_contain_text("Right: Mask, 34 targets, 2 checks.")


def test_a_link_to_a_conversation_opens_it_even_on_a_page_that_has_none(explorer, fresh, site):
    explorer.get_by_label("Text of message 2 of conversation 1").fill("Green, I think")
    explorer.get_by_label("Supervised").select_option("torchtune")
    explorer.get_by_role("button", name="Copy link").click()
    link = part(explorer, "copied").input_value()
    front = (site / FRONT).as_uri()
    own = fresh.goto(front) and fresh.locator("batch-explorer").get_attribute("id")
    fresh.goto("about:blank")
    fresh.goto(f"{front}#batch={own}.{link.split('.')[-1]}")
    expect(explorer.get_by_label("Supervised")).to_have_value("torchtune")
    unfold(explorer)
    assert spoken(explorer)[1][1] == "Green, I think"
    explorer.get_by_role("button", name="Reset").click()
    expect(explorer.get_by_label("Prompt style")).to_have_value("alpaca")
    expect(explorer.get_by_role("group", name="Entry 1")).to_be_visible()
    fresh.goto("about:blank")
    fresh.goto(f"{link[:-9]}!!")
    expect(explorer.get_by_text("address is damaged")).to_be_visible()
    unfold(explorer)
    assert spoken(explorer)[1][1] == "Green, I think"  # kept from before


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_in_a_conversation_and_all_text_is_legible(explorer, fresh, width):
    fresh.set_viewport_size({"width": width, "height": 780})
    assert faults_by_step(explorer, fresh, ("Format", "Mask")) == {}
    assert fresh.evaluate("document.documentElement.scrollWidth") <= width


def test_at_360_pixels_the_message_that_is_edited_and_its_row_are_seen_together(fresh, site):
    fresh.set_viewport_size({"width": 360, "height": 780})
    explorer = opened(fresh, (site / CHAPTER).as_uri())
    explorer.get_by_role("button", name="Settings").click()  # which folds them
    explorer.get_by_role("tab", name="Tokenize").click()
    box = explorer.get_by_label("Text of message 4 of conversation 1")
    box.scroll_into_view_if_needed()
    box.focus()
    box.press_sequentially(" sun")
    typed = box.bounding_box()
    table = explorer.get_by_role("table", name="row 0").bounding_box()
    assert 0 <= table["y"] < table["y"] + table["height"] <= typed["y"]
    assert typed["y"] + typed["height"] <= 780
