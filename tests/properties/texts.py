"""Texts that are hard on a program: every sort of character, and control names in every disguise."""

from __future__ import annotations

from hypothesis import strategies as st

from app.documents.model import Document, Page, PageKind
from app.documents.outline import Mark, sections_from_marks

CONTROL_NAMES = (
    "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<unused7>", "[@BOS@]",
    "<|im_start|>", "<|im_end|>", "<|endoftext|>",
)  # fmt: skip

_HIDDEN = ("\u00ad", "\u200b", "\u2060", "\ufeff", "\u200e", "\u202e", "\u2066", "\x00", "\x1c", "\ue000")
"""Characters that normalisation takes out."""
_BREAKS = ("-\n", "- ", "\u00ad\n", "\n", "\n\n", " ", "\t", "\x0c", "\u2028", "\r\n")
_ODD = (
    "\ud800", "\udfff", "\udcff", "\U000f5ea1", "\U000f5ea10\U000f5ea1", "\u0301" * 40, "\u202e\u2066", "\uffff",
    "\U0010ffff",
    "ﬁ", "ß", "İ", "ǅ", "①", "٣", "Ⅷ", "日本語。", "नमस्ते।", "👩‍👩‍👧", "𝐀", "｡", "▁", "▁▁▁", "<0x0A>", "Ⓐ", "ª",
)  # fmt: skip
_PROSE = (
    "The state has a fixed size. ", "In 1851 Captain Ahab sailed from Nantucket. ",
    "It cost 2.5 million (see Fig. 3). ",
    "user\n", "assistant\n", "model\n", "system\n", "{{ bos_token }}", "{% endfor %}", "• ",
    "1. ", "# ", "---\n", "z.B. ",
    "e.g. ", "“Quoted,” she said. ", "page 3 ", "1,234.56 % ", "Question: ", "Answer: ", "...", "?!", ")", "\"",
)  # fmt: skip

characters = st.characters(codec=None)
"""Any code point, lone surrogates too."""
any_text = st.text(characters, max_size=60)


@st.composite
def disguised_names(draw: st.DrawFn) -> str:
    """A control token's name: as it is, in another case, in wide letters, or broken by what may be taken out."""
    name = draw(st.sampled_from(CONTROL_NAMES))
    match draw(st.integers(0, 5)):
        case 0:
            return name
        case 1:
            return draw(st.sampled_from((name.upper(), name.title(), name.swapcase())))
        case 2:
            return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and draw(st.booleans()) else c for c in name)
        case 3:
            cut = draw(st.integers(1, len(name) - 1))
            return name[:cut] + draw(st.sampled_from(_HIDDEN + _BREAKS)) + name[cut:]
        case 4:
            cut = draw(st.integers(1, len(name) - 1))
            return name[:cut] + name + name[cut:]
        case _:
            return "".join(c + draw(st.sampled_from(("", "", "", *_HIDDEN))) for c in name)


fragments = st.one_of(
    disguised_names(), st.sampled_from(_PROSE), st.sampled_from(_ODD), st.sampled_from(_BREAKS + _HIDDEN), any_text
)
hostile = st.lists(fragments, max_size=12).map("".join)
"""Up to a few hundred characters of all that."""
prose = st.lists(st.one_of(st.sampled_from(_PROSE), st.sampled_from(_BREAKS), fragments), max_size=60).map("".join)
"""Longer, and mostly sentences."""


def split_names() -> st.SearchStrategy[tuple[str, str]]:
    """A control token's name in two parts, for two turns, passages or pages."""
    return st.sampled_from(CONTROL_NAMES).flatmap(
        lambda name: st.integers(1, len(name) - 1).map(lambda cut: (name[:cut], name[cut:]))
    )


@st.composite
def documents(draw: st.DrawFn, digest: str = "0" * 64) -> Document:
    """Pages of any text with any numbers that rise, and sections wherever an outline might put them."""
    texts = draw(st.lists(prose, min_size=1, max_size=5))
    numbers = sorted(draw(st.sets(st.integers(1, 40), min_size=len(texts), max_size=len(texts))))
    pages = tuple(Page(number, text) for number, text in zip(numbers, texts, strict=True))
    kind = draw(st.sampled_from(PageKind))
    bare = Document(draw(hostile), "text", digest, kind, pages, ())
    if not bare.text:
        return bare
    starts = draw(st.lists(st.integers(-2, len(bare.text) + 2), max_size=6))
    marks = [Mark(draw(hostile), draw(st.integers(-1, 9)), start) for start in starts]
    sections = sections_from_marks(marks, len(bare.text), bare.page_at)
    return Document(bare.title, "text", digest, kind, pages, sections)
