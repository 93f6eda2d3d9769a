"""Whatever a model says, in whatever pieces: no client of Markdown makes more of it than text."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.query.harmless import JOINER, HarmlessWords, harmless, plain, visible
from tests.stand_ins.injected_words import INJECTED
from tests.stand_ins.markdown_clients import CLIENTS, beyond_text

HOSTS = frozenset({"docs.example", "wiki.northwind.com"})
ALLOWED = r"https?://(?:docs\.example|wiki\.northwind\.com)(?::\d+)?(?:[/?#].*)?"
HARMLESS = [
    *(
        "a < b and 1 < 2 > 0",
        "It costs $3.50 (€ 3,50).",
        "As said [1], and [2][3].",
        "e.g. the U.S.A., i.e. us",
    ),
    *("See report.pdf, os.path and data.json.", "R&D at AT&T", "**bold** _it_ `code` ~~no~~", "1. a\n2. b"),
    *("- [x] done\n- [ ] not", "| a | b |\n|---|---|\n| 1 | 2 |", "> a quotation", "```py\nx = a[0]\n```"),
    *("and/or, 1/2, // a comment", "C:\\Users\\ada", "\\(x^2\\) \\[y\\]", "At 10:30!", "a @ b", "@app.route"),
    *("می‌خواهم", "👩‍🔬 agrees", "שלום \u200fworld", "tab\there", "ends in ["),
]
PARTS = st.one_of(
    st.sampled_from(
        [
            *(
                *INJECTED,
                *HARMLESS,
                *"<>[]()!&;:/\\.@#`~|*_\"'-=+ \n\t\r",
                "  \n",
                "\n\n",
                "    ",
                "](",
                "]:",
                "][",
            ),
            *(
                "http",
                "https:",
                "www.",
                ".com",
                "docs.example",
                "https://docs.example",
                "evil",
                "img src=x",
                "1",
            ),
            *("\u200b", JOINER, "\u202e", "\x00", "&lt", "&#x3c;", "&colon;", "[a](https://docs.example/b)"),
        ]
    ),
    st.text(max_size=4),
)
SAID = st.lists(PARTS, max_size=12).map("".join)


@st.composite
def in_pieces(draw: st.DrawFn) -> list[str]:
    text = draw(SAID)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def prefixes(pieces: list[str], hosts: frozenset[str]) -> list[str]:
    """What has been shown after each piece, and in the end."""
    words, seen = HarmlessWords(hosts), [""]
    for piece in pieces:
        seen.append(seen[-1] + words.feed(piece))
    return [*seen, seen[-1] + words.end()]


@pytest.mark.parametrize("text", INJECTED)
def test_nothing_that_is_known_to_do_harm_becomes_more_than_text(text: str) -> None:
    for prefix in prefixes(list(text), frozenset()):
        assert beyond_text(prefix) == {}
    assert plain(harmless(text)) == visible(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("a List<int>", "a List<|int>"),
        ("![x](https://evil.example/y)", "!|[x]|(https:/|/evil.example/y)"),
        ("[1]: a@b.de", "[1]|: a|@|b.|de"),
        ("README.md", "README.|md"),
        ("A&lt;", "A&|lt;"),
        ("A&#x3c;", "A&|#x3c;"),
        ("www.evil.xyz", "www|.|evil.xyz"),
        (r"https:/\/x, a\@b", r"https:/\|/x, a\||@|b"),
    ],
)
def test_only_an_unseen_joiner_is_added_and_the_words_stay(text: str, becomes: str) -> None:
    assert harmless(text) == becomes.replace("|", JOINER)
    assert plain(harmless(text)) == text


@given(pieces=in_pieces(), hosts=st.sampled_from([frozenset(), HOSTS]))
@settings(deadline=None, max_examples=100)  # the machine may be busy
@example(pieces=["https://docs.example", "\u00fc.evil.com"], hosts=HOSTS)
@example(pieces=["h" * 900, "ttps://docs.example/", "a" * 900, "](https://docs.example)"], hosts=HOSTS)
def test_no_prefix_becomes_more_than_text_however_it_is_cut(pieces: list[str], hosts: frozenset[str]) -> None:
    seen = prefixes(pieces, hosts)
    whole = "".join(pieces)
    assert seen[-1] == harmless(whole, hosts)
    assert plain(seen[-1]) == visible(whole)
    assert harmless(seen[-1], hosts) == seen[-1]
    for prefix in seen:
        assert beyond_text(prefix, may_link_to=ALLOWED if hosts else "(?!)") == {}


@given(text=st.text(alphabet="ab h.:/[]()!<&", max_size=200))
def test_little_is_held_back(text: str) -> None:
    words = HarmlessWords()
    assert len(plain(words.feed(text))) >= len(text) - 34


@pytest.mark.parametrize(
    "text",
    [
        *("https://docs.example", "(https://docs.example).", "see HTTPS://DOCS.example/a/b.html?c=d#e now"),
        *(
            "[the handbook](https://docs.example/leave)",
            "http://wiki.northwind.com:8080/x, or",
            "https://docs.example!",
        ),
    ],
)
def test_links_to_allowed_hosts_stay(text: str) -> None:
    assert prefixes(list(text), HOSTS)[-1] == text
    assert 'href="' in CLIENTS["links"].render(text)
    assert beyond_text(text, may_link_to=f"(?i:{ALLOWED})") == {}


@pytest.mark.parametrize(
    "text",
    [
        *("![x](https://docs.example/x.png)", "[1]: https://docs.example", "<https://docs.example>"),
        *(
            "https://docs.example.evil.com",
            "https://docs.example@evil.com",
            "https://docs.example:80@evil.com",
        ),
        *(
            "https://evil.com/https://docs.example",
            "https://docs.example\\@evil.com",
        ),
        *(
            "https://xdocs.example",
            "https://docs.example。evil.com",
            "https://docs.exampl\u0435/",
            "//docs.example",
        ),
        *('[x](https://docs.example "y")', "[x](//docs.example)", "[x](https://docs.example:1234567)"),
    ],
)
def test_what_only_looks_like_an_allowed_link_and_every_picture_is_text(text: str) -> None:
    assert JOINER in harmless(text, HOSTS)
    for prefix in prefixes(list(text), HOSTS):
        assert beyond_text(prefix, may_link_to=ALLOWED) == {}


def test_the_stand_ins_for_clients_see_what_is_beyond_text() -> None:
    """Else nothing above would prove anything."""
    for text in (
        "![x](/y)",
        "[x](/y)",
        "<https://e.com>",
        "<b>",
        "https://e.com",
        "e.com",
        "a@e.com",
        "&lt;\n<!--",
    ):
        assert beyond_text(text), text


def test_what_parts_words_without_being_seen_becomes_a_space() -> None:
    assert visible("one\ftwo\x85three\r\nfour\u2028five\x1bsix") == "one two three\nfour\u2028fivesix"
