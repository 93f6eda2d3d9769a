"""Answers in Arabic and Hebrew read from the right, whatever is in them; code stays as it is."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_answers import answering, ask, stream

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

_QUESTION = "كم مدة تسليم الميزان LS-900؟"
_ANSWER = """مدة تسليم الميزان **LS-900** ستة أسابيع [1]، ويكلف الإيجار `6 %` من السعر في الشهر.

## التسليم

- LS-100 يصل في يومين [1]
- LS-300 يصل في خمسة أيام
- اثنان من ثلاثة

1. אחת
2. שתיים [1]

| المنتج | الأيام |
| --- | --- |
| LS-100 | 2 |
| ميزان دقيق | 42 |

```
print("days")  # أيام
```

The rest is English [1].
"""


@pytest.fixture
def answer(page: Page, register: Callable[[Page], str]) -> Locator:
    register(page)
    answering(page, stream(_ANSWER, follow_ups=["وكم يكلف؟"]))
    ask(page, _QUESTION)
    shown = page.locator(".answer-text")
    expect(shown.locator("pre")).to_be_visible()
    return shown


def box(one: Locator) -> tuple[float, float]:
    """Where it begins and ends, from the left."""
    found = one.bounding_box()
    assert found is not None
    return found["x"], found["x"] + found["width"]


def words(block: Locator, text: str) -> tuple[float, float]:
    """Where these words of it stand."""
    left, right = block.evaluate(
        """(block, text) => {
          const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf(text);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(walker.currentNode, at);
            range.setEnd(walker.currentNode, at + text.length);
            const { left, right } = range.getBoundingClientRect();
            return [left, right];
          }
        }""",
        text,
    )
    return left, right


def test_paragraphs_begin_at_the_right_with_chips_and_numbers_in_their_place(answer: Locator) -> None:
    paragraph = answer.locator("p").first
    left, right = box(paragraph)
    assert words(paragraph, "مدة تسليم")[1] > right - 2
    product, weeks = words(paragraph, "LS-900"), words(paragraph, "ستة أسابيع")
    chip = box(paragraph.get_by_role("button"))
    after = words(paragraph, "ويكلف الإيجار")
    assert after[1] <= chip[0] + 1 <= chip[1] <= weeks[0] + 1 < product[0]
    assert left < after[0]
    assert words(answer.locator(".heading"), "التسليم")[1] > box(answer.locator(".heading"))[1] - 2


def test_lists_begin_at_the_right_with_their_marks_also_items_that_begin_with_a_latin_name(
    answer: Locator,
) -> None:
    for items in (answer.locator("ul"), answer.locator("ol")):
        _, right = box(items)
        assert right - box(items.locator("li").first)[1] > 15  # room for the marks
        last = items.locator("li").last
        assert words(last, last.inner_text().split()[0])[1] > box(last)[1] - 2
    latin = answer.locator("ul li").nth(1)
    assert words(latin, "LS-300")[1] > box(latin)[1] - 2


def test_tables_have_their_first_column_at_the_right(answer: Locator) -> None:
    heads = answer.get_by_role("columnheader")
    assert box(heads.first)[0] >= box(heads.last)[1] - 1
    cells = answer.get_by_role("cell")
    for cell, text in ((cells.nth(0), "LS-100"), (cells.nth(2), "ميزان دقيق")):
        assert words(cell, text)[1] > box(cell)[1] - 15


def test_code_and_english_stay_left_to_right(answer: Locator) -> None:
    code = answer.locator("pre")
    assert words(code, "print(")[0] < box(code)[0] + 20
    last = answer.locator("p").last
    assert words(last, "The rest")[0] < box(last)[0] + 2


def test_the_question_its_box_and_what_may_come_next_read_right(
    page: Page, answer: Locator, photograph: Callable[[Page, str], None]
) -> None:
    question = page.get_by_role("heading", name=_QUESTION)
    assert words(question, "كم مدة")[1] > box(question)[1] - 2
    typed = page.get_by_label("Your question")
    typed.fill(_QUESTION)
    assert typed.evaluate("box => getComputedStyle(box).direction") == "rtl"
    follow_up = page.get_by_role("button", name="وكم يكلف؟")
    assert follow_up.locator("span").evaluate("span => getComputedStyle(span).direction") == "rtl"
    photograph(page, "right-to-left")
    page.set_viewport_size({"width": 360, "height": 780})
    expect(page.get_by_role("complementary", name="Library")).to_be_hidden()
    answer.evaluate("answer => answer.scrollIntoView()")
    photograph(page, "right-to-left-360")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
