"""`griffin-desk sessions export ID` and `sessions import FILE`: conversations as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from app.cli.context import Context
from app.cli.output import check_writable, print_json
from app.cli.turns import count
from app.core.errors import UserError
from app.core.text import one_line
from app.core.whole_file import write_atomically
from app.documents.files import check_file
from app.documents.limits import ReadingLimits
from app.services.transcripts import MAX_FILE_BYTES, conversation_text

_FORMATS: dict[str, Literal["markdown", "json"]] = {".json": "json", ".md": "markdown", ".markdown": "markdown"}
KEPT = "the conversation is kept in the library, run the command again to write it"


def export(context: Context) -> None:
    """Write a conversation to a file or to standard output. Raises UserError and ResourceError."""
    options = context.options
    file: Path | None = options.to
    form = _format(file, options.format, as_json=options.json)
    tree = context.desk.conversations.tree(options.id)
    conversation = tree.conversation
    if file is not None:
        check_writable(file, option="--to")
    text = conversation_text(context.desk.conversations, context.desk.library, conversation.id, form)
    if file is not None:
        write_atomically(file, text, kept=KEPT)
        if options.json:
            print_json(sys.stdout, {"session": conversation.id, "file": str(file), "format": form})
        else:
            sys.stderr.write(f"written to {one_line(str(file))}\n")
    elif options.json and form == "markdown":
        print_json(sys.stdout, {"session": conversation.id, "format": form, "text": text})
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


def take(context: Context) -> None:
    """Bring an exported conversation into the library. Raises UserError."""
    tree = context.desk.transcripts.take(_text(context.options.file))
    conversation = tree.conversation
    if context.options.json:
        value = {"session": conversation.id, "title": conversation.title}
        print_json(sys.stdout, {**value, "turns": len(tree.turns), "branches": len(tree.tips)})
        return
    sys.stdout.write(f"{conversation.id}\n")
    sys.stdout.flush()
    size = f"{count(len(tree.turns), 'turn')} in {len(tree.tips)} {'branch' if len(tree.tips) == 1 else 'branches'}"
    go_on = f"go on with `griffin-desk chat --session {conversation.id}`"
    sys.stderr.write(one_line(f'imported "{conversation.title}", {size}; {go_on}') + "\n")


def _format(
    file: Path | None, wanted: Literal["markdown", "json"] | None, *, as_json: bool
) -> Literal["markdown", "json"]:
    """`markdown` or `json`: the one asked for, else by the file's name, else Markdown."""
    if wanted is not None:
        return wanted
    if file is None:
        return "json" if as_json else "markdown"
    form = _FORMATS.get(file.suffix.lower())
    if form is None:
        raise UserError(f"--to {file} ends neither in .md nor in .json: give --format markdown or json", code="usage")
    return form


def _text(file: Path) -> str:
    check_file(file, ReadingLimits(max_file_bytes=sys.maxsize))
    nbytes = file.stat().st_size
    if nbytes > MAX_FILE_BYTES:
        raise UserError(
            f"{file} has {nbytes:,} bytes, a conversation's file may have {MAX_FILE_BYTES:,}: it is none", code="import"
        )
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror or error})", code="import") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} is no conversation that Griffin Desk exported: its byte {error.start} is no UTF-8", code="import"
        ) from error
