from __future__ import annotations

import json

from app.inference.generator import Usage
from app.services import codec
from app.tasks.model import Citation, Line, SectionNotes
from tests.fakes import FakeGenerator

LINE = Line("Dämme halten Wasser.", True, (Citation(3, "Dams hold water.", 0, 16),))


def test_line_has_the_documented_form() -> None:
    """`{text, supported, unknown, citations: [{page, quote, start, end}]}`, as `--json` promises."""
    assert codec.line_to_json(LINE) == {
        "text": "Dämme halten Wasser.",
        "supported": True,
        "unknown": [],
        "citations": [{"page": 3, "quote": "Dams hold water.", "start": 0, "end": 16}],
    }


def test_a_quote_names_its_document_only_among_several() -> None:
    """Without an id there is no key for it."""
    line = Line("Dams.", True, (Citation(3, "Dams", 0, 4, "d1"),))
    assert codec.line_to_json(line)["citations"] == [
        {"page": 3, "quote": "Dams", "start": 0, "end": 4, "document_id": "d1"}
    ]
    assert codec.line_from_json(codec.line_to_json(line)) == line


def test_lines_of_older_databases_load() -> None:
    """They have neither `unknown` nor the ids of documents."""
    stored = '[{"text":"A.","supported":true,"citations":[{"page":1,"quote":"A","start":0,"end":1}]}]'
    assert codec.lines_loads(stored) == (Line("A.", True, (Citation(1, "A", 0, 1),)),)


def test_notes_survive_the_store() -> None:
    """Sections and lines come back equal."""
    section = SectionNotes(2, "Three", 3, 4, (LINE, Line("Made up in 1987.", False, unknown=("1987",))))
    assert codec.sections_loads(codec.sections_dumps([section])) == (section,)
    assert codec.lines_loads(codec.lines_dumps([LINE])) == (LINE,)


def test_usage_adds_up_over_runs() -> None:
    """Earlier runs plus what this run added since its start."""
    earlier = Usage(10, 1.0, 5, 2.0)
    added = codec.usage_since(Usage(107, 3.5, 9, 4.0), Usage(100, 3.0, 7, 3.0))
    assert added == Usage(7, 0.5, 2, 1.0)
    assert codec.usage_sum(earlier, added) == Usage(17, 1.5, 7, 3.0)
    assert codec.usage_loads("") == Usage()


def test_stats_of_a_generator() -> None:
    """Work done, and by what: the keys that scripts rely on; no time, no rate."""
    info = FakeGenerator(fingerprint="f").info
    assert codec.generator_stats(Usage(100, 4.0, 9, 0.0), info) == {
        "prefill_tokens": 100,
        "prefill_tokens_per_second": 25.0,
        "decode_tokens": 9,
        "decode_tokens_per_second": 0.0,
        "state_bytes": info.state_nbytes,
        "model": "fake",
        "model_fingerprint": "f",
        "device": "cpu",
        "weight_format": "float32",
    }


def test_any_path_can_be_stored() -> None:
    """Bytes of a path that are no UTF-8 (lone surrogates in Python) survive in a form that UTF-8 can hold."""
    text = codec.dumps({"path": "caf\udce9 é"})
    assert text.encode() == '{"path":"caf\\udce9 é"}'.encode()
    assert json.loads(text) == {"path": "caf\udce9 é"}
