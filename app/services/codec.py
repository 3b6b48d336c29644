"""Lines, notes and model information as plain JSON values: what the store keeps and `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from app.core.log import logger
from app.inference.generator import ModelInfo, Usage
from app.storage.summaries import SummaryRecord
from app.tasks.model import Citation, Line, SectionNotes, Style

Json = dict[str, Any]

_log = logger("summaries")


def line_to_json(line: Line) -> Json:
    """`{text, supported, unknown: [text, ...], citations: [{page, quote, start, end}]}`.

    A citation has `document_id` too where there are several documents.
    """
    return {
        "text": line.text,
        "supported": line.supported,
        "unknown": list(line.unknown),
        "citations": [_citation_to_json(citation) for citation in line.citations],
    }


def _citation_to_json(citation: Citation) -> Json:
    value = asdict(citation)
    if not citation.document_id:
        del value["document_id"]
    return value


def line_from_json(value: Mapping[str, Any]) -> Line:
    """The inverse of `line_to_json`; lines stored before there was `unknown` have none."""
    citations = tuple(Citation(**citation) for citation in value["citations"])
    return Line(value["text"], value["supported"], citations, tuple(value.get("unknown", ())))


def notes_to_json(notes: SectionNotes) -> Json:
    """`{index, title, page_from, page_to, notes: [line, ...]}`."""
    return {
        "index": notes.index,
        "title": notes.title,
        "page_from": notes.page_from,
        "page_to": notes.page_to,
        "notes": [line_to_json(line) for line in notes.notes],
    }


def notes_from_json(value: Mapping[str, Any]) -> SectionNotes:
    """The inverse of `notes_to_json`."""
    return SectionNotes(
        index=value["index"],
        title=value["title"],
        page_from=value["page_from"],
        page_to=value["page_to"],
        notes=tuple(line_from_json(line) for line in value["notes"]),
    )


def dumps(value: object) -> str:
    """Compact JSON for the store."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A path may hold bytes that are no UTF-8, in Python lone surrogates, which SQLite refuses: as escapes they pass.
    return text.encode("utf-8", "backslashreplace").decode()


def lines_dumps(lines: Iterable[Line]) -> str:
    """Lines as the store keeps them."""
    return dumps([line_to_json(line) for line in lines])


def lines_loads(text: str) -> tuple[Line, ...]:
    """The inverse of `lines_dumps`."""
    return tuple(line_from_json(value) for value in json.loads(text))


def sections_dumps(sections: Iterable[SectionNotes]) -> str:
    """Section notes as the store keeps them."""
    return dumps([notes_to_json(section) for section in sections])


def sections_loads(text: str) -> tuple[SectionNotes, ...]:
    """The inverse of `sections_dumps`."""
    return tuple(notes_from_json(value) for value in json.loads(text))


def legible(record: SummaryRecord | None) -> SummaryRecord | None:
    """The record of a summary; None for one that damage has made meaningless: it is made anew."""
    if record is None:
        return None
    try:
        notes = [notes_from_json(json.loads(part)) for part in record.parts]
        sections, lines = sections_loads(record.sections or "[]"), lines_loads(record.lines or "[]")
        stats = dict(json.loads(record.stats or "{}"))
        _ = (notes, sections, lines, stats, usage_loads(record.usage), Style(record.key.style))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _log.warning("job %s: what is stored of it is damaged, and is passed over: %s", record.id, type(error).__name__)
        return None
    return record


def usage_loads(text: str) -> Usage:
    """Totals of tokens and seconds; zeros for ''."""
    return Usage(**json.loads(text)) if text else Usage()


def usage_sum(*parts: Usage) -> Usage:
    """Totals added up field by field."""
    return Usage(
        prefill_tokens=sum(p.prefill_tokens for p in parts),
        prefill_seconds=sum(p.prefill_seconds for p in parts),
        decode_tokens=sum(p.decode_tokens for p in parts),
        decode_seconds=sum(p.decode_seconds for p in parts),
    )


def usage_since(now: Usage, before: Usage) -> Usage:
    """What was added between two readings of a generator's totals."""
    return Usage(
        prefill_tokens=now.prefill_tokens - before.prefill_tokens,
        prefill_seconds=now.prefill_seconds - before.prefill_seconds,
        decode_tokens=now.decode_tokens - before.decode_tokens,
        decode_seconds=now.decode_seconds - before.decode_seconds,
    )


def usage_stats(usage: Usage) -> Json:
    """Tokens read and written, and tokens per second of each (0 where no time was taken)."""
    return {
        "prefill_tokens": usage.prefill_tokens,
        "prefill_tokens_per_second": _rate(usage.prefill_tokens, usage.prefill_seconds),
        "decode_tokens": usage.decode_tokens,
        "decode_tokens_per_second": _rate(usage.decode_tokens, usage.decode_seconds),
    }


def generator_stats(usage: Usage, info: ModelInfo) -> Json:
    """`usage_stats`, and what did the work."""
    return {
        **usage_stats(usage),
        "state_bytes": info.state_nbytes,
        "model": info.name,
        "model_fingerprint": info.fingerprint,
        "device": info.device,
        "weight_format": info.weight_format,
    }


def _rate(tokens: int, seconds: float) -> float:
    return round(tokens / seconds, 1) if seconds > 0 else 0.0


def model_info_loads(text: str) -> ModelInfo:
    """Model information from `dumps(asdict(info))`."""
    facts: Json = dict(json.loads(text))
    return ModelInfo(**facts | {"notes": tuple(facts.get("notes", ()))})
