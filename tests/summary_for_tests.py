"""A document with control characters and gaps, and a summary of it with a line that nothing supports."""

from __future__ import annotations

from app.documents.model import Document, Page, PageKind, Section
from app.services.summaries import SummaryResult
from app.tasks.model import Citation, Line, SectionNotes, Style

DOCUMENT = Document(
    title="Rivers\x1b[2J",
    format="pdf",
    content_hash="d1",
    page_kind=PageKind.PAGE,
    pages=(Page(1, "Text."), Page(2, "", "a scanned image"), Page(3, "", "a scanned image"), Page(4, ""), Page(5, "T")),
    sections=(Section(0, "One", 1, 0, 5, 1, 5),),
    warnings=("the outline is damaged",),
)
SUPPORTED = Line("Dams hold water.", True, (Citation(57, "Dams hold", 0, 9), Citation(58, "water.", 0, 6)))
MADE_UP = Line("Dams are\ngreen.", False)
STATS = {
    "model": "starter",
    "device": "cpu",
    "weight_format": "int8",
    "prefill_tokens": 45210,
    "prefill_tokens_per_second": 940.24,
    "decode_tokens": 12,
    "decode_tokens_per_second": 51.0,
    "peak_rss_bytes": 612 * 2**20,
    "state_bytes": 31 * 2**20,
}
RESULT = SummaryResult("j1", Style.BRIEF, (SectionNotes(0, "One", 1, 5, (MADE_UP,)),), (SUPPORTED,), STATS)
