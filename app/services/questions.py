"""Questions about a document as turns of a conversation: found in its text, and kept with what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.core.errors import GriffinDeskError
from app.core.log import logger
from app.inference.generator import Cancelled, ReadCancelled, TextGenerator, never
from app.services.answers import Answered, AnswerService, extract_of
from app.services.found_answer import FoundAnswer
from app.services.library import LibraryDocument
from app.services.reading import ReadingService
from app.services.restarts import Recovered
from app.services.search import SearchService
from app.services.talk import OpenConversation
from app.storage.conversations import TurnRecord

_log = logger("questions")


@dataclass(frozen=True, slots=True)
class Found:
    """The document's own sentences, before the model has been asked."""

    answer: FoundAnswer


@dataclass(frozen=True, slots=True)
class Kept:
    """The last event: the answer is on disk."""

    answer: FoundAnswer
    turn: TurnRecord


class QuestionService:
    """Answers the questions of conversations from one document's text."""

    def __init__(self, search: SearchService, reading: ReadingService) -> None:
        self._search = search
        self._answers = AnswerService(search, reading)

    def answer(
        self,
        conversation: OpenConversation,
        question: TurnRecord,
        item: LibraryDocument,
        generator: TextGenerator,
        *,
        ready: Callable[[], bool] = lambda: True,
        cancelled: Cancelled = never,
    ) -> Iterator[Found | Recovered | Kept]:
        """Search, then let the model answer, then keep the answer under the question.

        ready: whether the model can be asked; where it cannot, the document's sentences are the answer. Cancelled after
        the search, what was found is kept, and so it is where the model fails. Raises ReadCancelled when nothing was
        found yet.
        """
        findings = self._search.find([item], question.text)
        if cancelled():
            raise ReadCancelled
        found = FoundAnswer(extract_of(findings, question.text), reason=findings.reason)
        yield Found(found)
        if findings.evidence and ready() and not cancelled():
            try:
                for event in self._answers.answer(question.text, findings, generator, about=item, cancelled=cancelled):
                    if isinstance(event, Answered):
                        name = generator.info.name
                        found = replace(found, lines=event.lines, style=event.style, read=event.read, model=name)
                    else:
                        yield event
            except ReadCancelled:
                pass  # what was found is an answer too
            except GriffinDeskError as error:
                _log.warning("question: the model could not be asked: %s", error.message)
                yield Recovered(f"{error.message}; the document's own sentences are the answer")
        yield Kept(found, conversation.keep_answer(question, found.text, found.details()))
