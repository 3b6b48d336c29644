"""`griffin-desk sessions list` and `sessions show ID`: stored conversations and summaries."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

from app.cli.context import Context
from app.cli.output import clean, one_line, print_json
from app.cli.render import summary_json, summary_markdown


def run(context: Context) -> int:
    """Show what is stored. Raises GriffinDeskError."""
    return _show(context) if context.options.action == "show" else _list(context)


def _list(context: Context) -> int:
    conversations = [
        {
            "id": row["id"],
            "title": row["title"],
            "model": row["model_name"],
            "turns": row["turns"],
            "updated_at": _time(row["updated_at"]),
        }
        for row in context.conversations.overview()
    ]
    summaries = [
        {
            "id": row["id"],
            "title": row["title"],
            "path": row["path"],
            "model": row["model_name"],
            "style": row["style"],
            "pages": row["page_range"] or "all",
            "state": row["state"],
            "sections_written": row["parts_done"],
            "sections": row["parts_total"],
            "updated_at": _time(row["updated_at"]),
        }
        for row in context.summaries.overview()
    ]
    if context.options.json:
        print_json(sys.stdout, {"conversations": conversations, "summaries": summaries})
        return 0
    for row in conversations:
        _write(row["id"], row["updated_at"], "conversation", f"{row['turns']} turns", row["title"])
    for row in summaries:
        parts = f"{row['sections_written']}/{row['sections'] or '?'} sections"
        _write(row["id"], row["updated_at"], f"summary ({row['style']}, {row['state']})", parts, row["title"])
    if not conversations and not summaries:
        sys.stdout.write("nothing is stored yet\n")
    return 0


def _show(context: Context) -> int:
    summary = context.summaries.stored(context.options.id) if context.options.id else None
    item = context.library.by_id(summary.document_id, summary.page_range) if summary is not None else None
    if summary is not None and item is not None:
        if context.options.json:
            value = summary_json(item.document, summary.result, stored=True)
            print_json(sys.stdout, {**value, "finished": summary.finished, "sections_total": summary.parts_total})
        else:
            sys.stdout.write(summary_markdown(item.document, summary.result))
            sys.stdout.flush()
            if not summary.finished:
                done = f"{len(summary.result.sections)} of {summary.parts_total or '?'} sections are written"
                sys.stderr.write(f"not finished: {done}; summarize the document again to go on\n")
        return 0
    transcript = context.conversations.transcript(context.options.id)
    if context.options.json:
        print_json(
            sys.stdout,
            {
                "session": transcript.conversation.id,
                "title": transcript.conversation.title,
                "model": transcript.conversation.model_name,
                "turns": [
                    {"role": turn.role, "text": turn.text, "created_at": _time(turn.created_at)}
                    for turn in transcript.turns
                ],
            },
        )
        return 0
    for turn in transcript.turns:
        sys.stdout.write(f"{'> ' if turn.role == 'user' else ''}{clean(turn.text)}\n\n")
    return 0


def _write(*columns: Any) -> None:
    sys.stdout.write("  ".join(one_line(str(column)) for column in columns) + "\n")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
