"""`griffin-desk sessions`: stored conversations and summaries, listed, shown and searched, and the way to the rest."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.cli import session_changes, session_files
from app.cli.context import Context
from app.cli.output import print_json, time_text
from app.cli.render import summary_json
from app.cli.turns import branch_json, branch_line, branch_mark, count, turn_json
from app.core.text import clean, one_line
from app.services.branches import branches, numbered_turns
from app.services.conversations import KEPT_AFTER_DELETION_S
from app.services.markdown_export import summary_markdown

if TYPE_CHECKING:
    from app.documents.model import Document
    from app.services.summaries import StoredSummary


def run(context: Context) -> int:
    """Do one of the actions on what is stored. Raises GriffinDeskError."""
    actions = {
        "list": _list,
        "show": _show,
        "search": _search,
        "branches": _branches,
        "rename": session_changes.rename,
        "delete": session_changes.delete,
        "undelete": session_changes.undelete,
        "fork": session_changes.fork,
        "gc": session_changes.collect,
        "export": session_files.export,
        "import": session_files.take,
    }
    actions[context.options.action](context)
    return 0


def _list(context: Context) -> None:
    if context.options.deleted:
        _list_deleted(context)
        return
    conversations = [_conversation_row(row) for row in context.desk.conversations.overview()]
    summaries = [_summary_row(row) for row in context.desk.summaries.overview()]
    if context.options.json:
        print_json(sys.stdout, {"conversations": conversations, "summaries": summaries})
        return
    for row in conversations:
        turns = count(row["turns"], "turn")
        size = f"{turns}, {row['branches']} branches" if row["branches"] > 1 else turns
        _write(row["id"], row["updated_at"], "conversation", size, row["title"])
    for row in summaries:
        parts = f"{row['sections_written']}/{row['sections'] or '?'} sections"
        _write(row["id"], row["updated_at"], f"summary ({row['style']}, {row['state']})", parts, row["title"])
    if not conversations and not summaries:
        sys.stdout.write("nothing is stored yet\n")


def _conversation_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "model": row["model_name"],
        "turns": row["turns"],
        "branches": row["branches"],
        "updated_at": time_text(row["updated_at"]),
    }


def _summary_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "path": row["path"],
        "model": row["model_name"],
        "style": row["style"],
        "pages": row["page_range"] or "all",
        "state": row["state"],
        "sections_written": row["parts_done"],
        "sections": row["parts_total"],
        "updated_at": time_text(row["updated_at"]),
    }


def _list_deleted(context: Context) -> None:
    deleted = [
        {
            "id": conversation.id,
            "title": conversation.title,
            "model": conversation.model_name,
            "deleted_at": time_text(conversation.deleted_at),
            "kept_until": time_text(conversation.deleted_at + KEPT_AFTER_DELETION_S),
        }
        for conversation in context.desk.conversations.deleted()
        if conversation.deleted_at is not None
    ]
    if context.options.json:
        print_json(sys.stdout, {"deleted": deleted})
        return
    for row in deleted:
        _write(row["id"], row["deleted_at"], "deleted", f"kept until {row['kept_until']}", row["title"])
    if not deleted:
        sys.stdout.write("nothing that was deleted can be brought back\n")


def _show(context: Context) -> None:
    summary = context.desk.summaries.stored(context.options.id) if context.options.id else None
    item = context.desk.library.by_id(summary.document_id, summary.page_range) if summary is not None else None
    if summary is not None and item is not None:
        _show_summary(context, summary, item.document)
    else:
        _show_conversation(context)


def _show_summary(context: Context, summary: StoredSummary, document: Document) -> None:
    if context.options.json:
        value = summary_json(document, summary.result, stored=True)
        print_json(sys.stdout, {**value, "finished": summary.finished, "sections_total": summary.parts_total})
        return
    sys.stdout.write(summary_markdown(document, summary.result))
    sys.stdout.flush()
    if not summary.finished:
        done = f"{len(summary.result.sections)} of {summary.parts_total or '?'} sections are written"
        sys.stderr.write(f"not finished: {done}; summarize the document again to go on\n")


def _show_conversation(context: Context) -> None:
    tree = context.desk.conversations.tree(context.options.id)
    turns = numbered_turns(tree)
    if context.options.json:
        conversation = tree.conversation
        print_json(
            sys.stdout,
            {
                "session": conversation.id,
                "title": conversation.title,
                "model": conversation.model_name,
                "document": conversation.document_id,
                "pages": conversation.page_range or "all",
                "forked_from": conversation.forked_from or None,
                "branches": len(tree.tips),
                "turns": [turn_json(turn) for turn in turns],
            },
        )
        return
    for numbered in turns:
        mark = f"{branch_mark(numbered)}\n" if numbered.branches > 1 else ""
        said = clean(numbered.turn.text)
        sys.stdout.write(f"{mark}{'> ' if numbered.turn.role == 'user' else ''}{said}\n\n")


def _search(context: Context) -> None:
    query = " ".join(context.options.words)
    hits: list[dict[str, Any]] = [
        {"id": hit.conversation_id, "title": hit.title, "role": hit.role or "title", "snippet": hit.snippet}
        for hit in context.desk.conversations.search(query, limit=context.options.limit)
    ]
    if context.options.json:
        print_json(sys.stdout, {"query": query, "hits": hits})
        return
    for hit in hits:
        _write(hit["id"], hit["title"], hit["role"], hit["snippet"])
    if not hits:
        sys.stdout.write("nothing was found\n")


def _branches(context: Context) -> None:
    tree = context.desk.conversations.tree(context.options.id)
    found = branches(tree)
    if context.options.json:
        value = {"session": tree.conversation.id, "title": tree.conversation.title}
        print_json(sys.stdout, {**value, "branches": [branch_json(branch) for branch in found]})
        return
    for branch in found:
        sys.stdout.write(branch_line(branch) + "\n")


def _write(*columns: Any) -> None:
    sys.stdout.write("  ".join(one_line(str(column)) for column in columns) + "\n")
