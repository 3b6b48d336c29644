"""`griffin-desk sessions rename|delete|undelete|fork|gc`: what changes the stored conversations and their states."""

from __future__ import annotations

import sys
from typing import Any

from app.cli.context import Context
from app.cli.output import print_json
from app.cli.turns import count, turn_at
from app.core.text import one_line, size_text
from app.services.conversations import KEPT_AFTER_DELETION_S
from app.storage.conversations import ConversationRecord

DAY_S = 24 * 3600.0


def rename(context: Context) -> None:
    """Give a conversation another title. Raises UserError."""
    renamed = context.desk.conversations.rename(context.options.id, " ".join(context.options.title))
    _tell(context, renamed, {}, f'{renamed.id} is "{renamed.title}" now')


def delete(context: Context) -> None:
    """Put a conversation away. Raises UserError."""
    gone = context.desk.conversations.delete(context.options.id)
    undo = f"griffin-desk sessions undelete {gone.id}"
    days = round(KEPT_AFTER_DELETION_S / DAY_S)
    _tell(context, gone, {"undo": undo}, f'deleted "{gone.title}"; `{undo}` brings it back, for {days} days')


def undelete(context: Context) -> None:
    """Bring a conversation back. Raises UserError."""
    back = context.desk.conversations.undelete(context.options.id)
    _tell(context, back, {}, f'"{back.title}" is back; go on with `griffin-desk chat --session {back.id}`')


def fork(context: Context) -> None:
    """Begin a new conversation with the turns of another, up to --turn. Raises UserError."""
    tree = context.desk.conversations.tree(context.options.id)
    number = context.options.turn
    turn_id = None if number is None else turn_at(tree, number).id
    new = context.desk.conversations.fork(tree.conversation.id, turn_id)
    _tell(context, new, {"forked_from": new.forked_from}, new.id)
    if not context.options.json:
        sys.stderr.write(f"go on with `griffin-desk chat --session {new.id}`\n")


def collect(context: Context) -> None:
    """Clean up the file of saved states."""
    found = context.desk.states.collect()
    if context.options.json:
        print_json(
            sys.stdout,
            {
                "snapshots_removed": found.snapshots,
                "pages_removed": found.pages,
                "freed_bytes": found.freed_bytes,
                "kept_bytes": found.kept_bytes,
                "file_bytes": found.file_bytes,
            },
        )
        return
    removed = f"removed {count(found.snapshots, 'saved state')} and {size_text(found.freed_bytes)}"
    sys.stdout.write(f"{removed}; kept {size_text(found.kept_bytes)} in a file of {size_text(found.file_bytes)}\n")


def _tell(context: Context, conversation: ConversationRecord, more: dict[str, Any], line: str) -> None:
    if context.options.json:
        print_json(sys.stdout, {"session": conversation.id, "title": conversation.title, **more})
    else:
        sys.stdout.write(one_line(line) + "\n")
        sys.stdout.flush()
