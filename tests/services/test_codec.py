from __future__ import annotations

import json

from app.inference.generator import Usage
from app.services import codec
from app.tasks.model import Citation, Line, SectionNotes

LINE = Line("Dämme halten Wasser.", True, (Citation(3, "Dams hold water.", 0, 16),))


def test_line_has_the_documented_form() -> None:
    """`{text, supported, citations: [{page, quote, start, end}]}`, as `--json` promises."""
    assert codec.line_to_json(LINE) == {
        "text": "Dämme halten Wasser.",
        "supported": True,
        "citations": [{"page": 3, "quote": "Dams hold water.", "start": 0, "end": 16}],
    }


def test_notes_survive_the_store() -> None:
    """Sections and lines come back equal."""
    section = SectionNotes(2, "Three", 3, 4, (LINE, Line("Made up.", False)))
    assert codec.sections_loads(codec.sections_dumps([section])) == (section,)
    assert codec.lines_loads(codec.lines_dumps([LINE])) == (LINE,)


def test_usage_adds_up_over_runs() -> None:
    """Earlier runs plus what this run added since its start."""
    earlier = Usage(10, 1.0, 5, 2.0)
    added = codec.usage_since(Usage(107, 3.5, 9, 4.0), Usage(100, 3.0, 7, 3.0))
    assert added == Usage(7, 0.5, 2, 1.0)
    assert codec.usage_sum(earlier, added) == Usage(17, 1.5, 7, 3.0)
    assert codec.usage_loads("") == Usage()


def test_any_path_can_be_stored() -> None:
    """Bytes of a path that are no UTF-8 (lone surrogates in Python) survive in a form that UTF-8 can hold."""
    text = codec.dumps({"path": "caf\udce9 é"})
    assert text.encode() == '{"path":"caf\\udce9 é"}'.encode()
    assert json.loads(text) == {"path": "caf\udce9 é"}
