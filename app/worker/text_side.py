"""The part of a model that needs no weights: its tokenizer and its chat template, loaded while the worker starts."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path

from app.inference.chat_template import ChatTemplate, load_chat_template
from app.inference.checkpoints.locate import locate
from app.inference.tokenizers.base import Tokenizer, load_tokenizer


class TextSide:
    """Loads in a thread; whoever needs it first waits for it. Raises CheckpointError then."""

    def __init__(self, path: Path) -> None:
        """path: a model's folder, or the one file of its weights."""
        self._path = path
        self._lock = threading.Lock()
        self._future: Future[tuple[Tokenizer, ChatTemplate]] | None = None

    def start(self) -> None:
        """Begin to load; returns at once. Calling again does nothing."""
        with self._lock:
            if self._future is None:
                self._future = Future()
                threading.Thread(target=self._load, args=(self._future,), name="tokenizer", daemon=True).start()

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self._result()[0]

    @property
    def template(self) -> ChatTemplate:
        """The model's chat template."""
        return self._result()[1]

    def _result(self) -> tuple[Tokenizer, ChatTemplate]:
        self.start()
        assert self._future is not None
        return self._future.result()

    def _load(self, future: Future[tuple[Tokenizer, ChatTemplate]]) -> None:
        try:
            found = locate(self._path)  # the path may be that of a file, or of a folder of numbers within the model's
            tokenizer = load_tokenizer(found.folder)
            future.set_result((tokenizer, load_chat_template(found.folder, tokenizer, name=found.name)))
        except BaseException as error:  # handed to whoever waits
            future.set_exception(error)
