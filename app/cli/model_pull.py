"""`griffin-desk models pull REPOSITORY`, `models login` and `models logout`: models from the Hugging Face hub."""

from __future__ import annotations

import getpass
import sys

from app.cli.context import Context
from app.cli.model_files import shown_progress
from app.cli.models import entry_json, fit_words
from app.cli.output import print_json, write_line
from app.core.errors import UserError
from app.core.text import size_text
from app.services.catalogue import ModelStatus, published


def pull(context: Context) -> None:
    """Fetch a model, or go on with it. Raises GriffinDeskError and Interrupted."""
    options, store = context.options, context.desk.store
    repository = options.repository
    if (listed := published(repository)) is not None:
        repository = listed.repository
    if options.discard:
        _discard(context, repository)
        return
    wanted = (entry for entry in store.catalogue() if entry.status in (ModelStatus.AVAILABLE, ModelStatus.PAUSED))
    known = next((entry for entry in wanted if repository in (entry.repository, entry.name)), None)
    if known is not None and known.fit is not None:
        # Before gigabytes are fetched.
        write_line(sys.stderr, f"{known.name} on this machine: {fit_words(known.fit)}")
        for reason in known.fit.reasons:
            write_line(sys.stderr, f"  {reason}")
    with shown_progress() as on_progress:
        model = store.pull(
            repository if known is None else known.repository,
            name=options.name,
            on_progress=on_progress,
        )
    entry = store.entry_of(model)
    if options.json:
        print_json(sys.stdout, {"model": entry_json(entry)})
        return
    write_line(sys.stdout, f"{entry.name} is there: {entry.title}, {size_text(entry.nbytes)}, in {entry.path}")
    write_line(sys.stdout, f"use it with --model {entry.name}, or for good with a line in {context.paths.settings}")
    if entry.weight_format == "bfloat16":
        write_line(
            sys.stdout,
            f"`griffin-desk models convert {entry.name} --to int8` writes it in half the bytes: "
            "it takes half of the memory then and writes faster on a processor",
        )


def _discard(context: Context, repository: str) -> None:
    store = context.desk.store
    begun = any(pull.repository == repository for pull in store.hub.unfinished())
    store.discard(repository)
    if context.options.json:
        print_json(sys.stdout, {"discarded": repository})
    else:
        write_line(
            sys.stdout,
            f"what had come of {repository} is deleted"
            if begun
            else f"there is no unfinished download of {repository}",
        )


def login(context: Context) -> None:
    """Ask for a token, have it checked by the hub, keep it in the system's keyring. Raises GriffinDeskError."""
    store = context.desk.store
    page = store.hub.tokens_page()
    if sys.stdin.isatty():
        write_line(sys.stderr, f"Make a token with the right to read at {page}, and paste it here; it is not shown.")
        token = getpass.getpass("Token: ", stream=sys.stderr)
    else:
        token = sys.stdin.readline()
    token = token.strip()
    if not token:
        raise UserError(f"no token was given: make one at {page}", code="hub-token")
    account = store.check_token(token)
    store.tokens.keep(token)
    if context.options.json:
        print_json(sys.stdout, {"account": account})
    else:
        write_line(sys.stdout, f"the token of {account} is kept in the system's keyring")


def logout(context: Context) -> None:
    """Delete the token from the system's keyring. Raises GriffinDeskError."""
    there_was_one = context.desk.store.tokens.forget()
    if context.options.json:
        print_json(sys.stdout, {"deleted": there_was_one})
    else:
        write_line(
            sys.stdout,
            f"{'the token is deleted from' if there_was_one else 'there was no token in'} the system's keyring",
        )
