from dataclasses import replace

import pytest

from app.documents.model import Document
from app.inference.generator import ReadCancelled
from app.tasks.model import SectionNotes, Style
from app.tasks.notes import MOST_TOGETHER
from app.tasks.prompts import NotesFrom
from app.tasks.summarize import PartDone, ReadProgress, Resume, SummaryDone, default_style, summarize
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator

THEMES = ["rivers carry sand", "lakes keep water", "mountains lose rock", "deserts grow dunes", "coasts gain land"]


@pytest.fixture
def document() -> Document:
    """Five pages, each a section of about a hundred words."""
    pages, sections = [], []
    for theme in THEMES:
        noun, verb, thing = theme.split()
        text = " ".join(
            f"In year {year} the {noun} of the north {verb} more {thing} than those of the southern plains did."
            for year in range(1801, 1808)
        )
        pages.append(text)
        sections.append((noun.capitalize(), len(text) + 1))
    return make_document(pages, sections)


def reply(text: str) -> str:
    """Says one true thing of the page last read and invents another."""
    return "The rivers carry more sand in 1801. Peru sold dry rivers in 1999."


def last(events: list[object]) -> SummaryDone:
    assert isinstance(events[-1], SummaryDone)
    return events[-1]


@pytest.mark.parametrize("style", list(Style))
def test_every_token_is_read_once_in_every_style(document: Document, style: Style) -> None:
    """The state ends with the whole document in it, in order, and progress reaches the total."""
    generator = FakeGenerator(reply)
    states: list[list[int]] = []
    progress: list[ReadProgress] = []
    for event in summarize(document, generator, style=style):
        if isinstance(event, PartDone):
            states.append(list(generator.states[event.state]))
        if isinstance(event, ReadProgress):
            progress.append(event)
    assert generator.text(states[-1]) == "<0>" + document.text
    total = len(states[-1]) - 1
    assert progress[-1] == ReadProgress(5, total, total)
    assert generator.usage.prefill_tokens >= total + 1
    assert [event.tokens_done for event in progress] == sorted(event.tokens_done for event in progress)


def test_progress_ends_at_its_total_where_joined_sections_part_a_word() -> None:
    """Counted apart the halves of a word are two tokens, read together one: the total follows what was read."""
    text = "The engineers of the northern province measured every river. " * 3
    document = make_document([text], [("One", 103), ("Two", len(text) - 103)])
    assert text[102:104].isalpha()
    events = [e for e in summarize(document, FakeGenerator(), style=Style.BRIEF) if isinstance(e, ReadProgress)]
    assert (events[-1].tokens_done, events[-1].tokens_total) == (28, 28)  # 27 words, and the space at the end


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("notes_from", list(NotesFrom))
def test_no_state_is_left(document: Document, style: Style, notes_from: NotesFrom) -> None:
    """Forks and the running state are dropped at the end."""
    generator = FakeGenerator(reply)
    list(summarize(document, generator, style=style, notes_from=notes_from))
    assert generator.states == {}


def test_closing_early_frees_the_state(document: Document) -> None:
    """A caller that stops after the first part leaves nothing behind."""
    generator = FakeGenerator(reply)
    events = summarize(document, generator, style=Style.BRIEF)
    assert any(isinstance(event, PartDone) for event in events)
    events.close()
    assert generator.states == {}


def test_cancel_stops_the_reading(document: Document) -> None:
    """ReadCancelled reaches the caller and the state is freed."""
    generator = FakeGenerator(reply)

    def stop() -> bool:
        return generator.usage.prefill_tokens > 200

    with pytest.raises(ReadCancelled):
        list(summarize(document, generator, style=Style.DETAILED, cancelled=stop))
    assert generator.states == {}
    assert generator.usage.prefill_tokens < 300


@pytest.mark.parametrize("batch_size", [1, 3])
def test_cancel_while_notes_are_written(document: Document, batch_size: int) -> None:
    """Cancelling during a note raises too, instead of storing a note cut short."""
    generator = FakeGenerator(reply)
    notes_begun: list[bool] = []

    def answer(text: str) -> str:
        notes_begun.append(True)
        return "Cut short."

    generator.reply, generator.batch_size = answer, batch_size
    with pytest.raises(ReadCancelled):
        list(summarize(document, generator, style=Style.BRIEF, cancelled=lambda: bool(notes_begun)))
    assert generator.states == {}


def test_key_passages_are_word_for_word(document: Document) -> None:
    """Notes are the section's own sentences, supported by themselves; the summary is in document order."""
    done = last(list(summarize(document, FakeGenerator(), style=Style.KEY_PASSAGES)))
    assert [(section.page_from, section.page_to) for section in done.sections] == [(n, n) for n in range(1, 6)]
    assert [section.title for section in done.sections] == ["Rivers", "Lakes", "Mountains", "Deserts", "Coasts"]
    lines = [line for section in done.sections for line in section.notes] + list(done.summary)
    assert all(line.supported for line in lines)
    for line in lines:
        for citation in line.citations:
            page = document.pages[citation.page - 1]
            assert page.text[citation.start : citation.end] == citation.quote == line.text
    pages = [line.citations[0].page for line in done.summary]
    assert pages == sorted(pages)
    assert len(pages) == 3


def test_written_lines_are_checked(document: Document) -> None:
    """A true line is cited from its own section, an invented one is marked."""
    done = last(list(summarize(document, FakeGenerator(reply), style=Style.BRIEF)))
    rivers, lakes = done.sections[0].notes, done.sections[1].notes
    assert [(line.supported, [c.page for c in line.citations]) for line in rivers] == [(True, [1]), (False, [])]
    assert not any(line.supported for line in lakes)
    assert done.summary[0].supported


@pytest.mark.parametrize("notes_from", list(NotesFrom))
@pytest.mark.parametrize(("batch_size", "groups"), [(2, [2, 2, 1]), (3, [3, 2]), (5, [5]), (99, [5])])
def test_notes_written_together(document: Document, batch_size: int, groups: list[int], notes_from: NotesFrom) -> None:
    """The same notes as one at a time, in the same order, each with the state at its part's end; nothing is left."""

    def run(generator: FakeGenerator) -> tuple[list[tuple[int, SectionNotes, str]], SummaryDone, int]:
        parts, done = [], None
        for event in summarize(document, generator, style=Style.BRIEF, notes_from=notes_from):
            if isinstance(event, PartDone):
                text = generator.text(generator.states[event.state])
                parts.append((event.part_index, event.notes, text))
            done = event
        assert isinstance(done, SummaryDone) and generator.states == {}
        return parts, done, generator.usage.prefill_tokens

    def answer(text: str) -> str:
        return f"The {text.split(' of the north ')[-2].split()[-1]} carry more sand. Written after {len(text)} letters."

    batched = FakeGenerator(answer, batch_size=batch_size)
    assert run(batched) == run(FakeGenerator(answer))
    assert batched.groups == groups


def test_most_parts_written_together() -> None:
    """A generator that could write a thousand at once is not asked to: an interruption would cost too much."""
    text = "The river carries sand from the mountains to the sea every year. " * 15
    document = make_document([text] * 40, [(f"Part {n}", len(text) + 1) for n in range(40)])
    generator = FakeGenerator(reply, batch_size=1000)
    list(summarize(document, generator, style=Style.BRIEF))
    assert max(generator.groups) == MOST_TOGETHER and sum(generator.groups) == 40


def test_interrupted_between_notes_written_together(document: Document) -> None:
    """Whoever stops after the first of three keeps it, frees all states, and goes on to the same end."""
    first = FakeGenerator(reply, batch_size=3)
    events = summarize(document, first, style=Style.BRIEF)
    kept = next(event for event in events if isinstance(event, PartDone))
    saved = first.save_state(kept.state)
    events.close()
    assert first.states == {}
    second = FakeGenerator(reply, batch_size=3)
    resume = Resume((kept.notes,), 1, second.load_state(saved))
    resumed = list(summarize(document, second, style=Style.BRIEF, resume=resume))
    assert [event.part_index for event in resumed if isinstance(event, PartDone)] == [1, 2, 3, 4]
    assert second.groups == [3, 1]
    assert last(resumed) == last(list(summarize(document, FakeGenerator(reply), style=Style.BRIEF)))


def test_parts_without_sentences_do_not_hold_up_the_others() -> None:
    """They wait only behind parts that do, and take up no more states than a group has."""
    contents = "Rivers 1\n\nLakes 7\n\n" * 20
    prose = "The river carries sand from the mountains to the sea every year. " * 15
    texts = [contents, prose, contents, contents, prose]
    document = make_document(["".join(texts)], [("Contents" if t == contents else "Rivers", len(t)) for t in texts])
    generator = FakeGenerator(reply, batch_size=3)
    most = 0
    for _ in summarize(document, generator, style=Style.BRIEF):
        most = max(most, len(generator.states))
    assert generator.groups == [1, 1]
    assert most <= 3


def test_resumed_summary_ends_like_an_uninterrupted_one(document: Document) -> None:
    """After two parts the state is saved; a new generator goes on from it and writes only what is missing."""
    first = FakeGenerator(reply)
    notes: list[SectionNotes] = []
    saved = None
    events = summarize(document, first, style=Style.KEY_PASSAGES)
    for event in events:
        if isinstance(event, PartDone):
            notes.append(event.notes)
            saved = first.save_state(event.state)
            if event.part_index == 1:
                break
    events.close()
    second = FakeGenerator(reply)
    assert saved is not None
    state = second.load_state(saved)
    resumed = list(
        summarize(document, second, style=Style.KEY_PASSAGES, resume=Resume(tuple(notes), parts_read=2, state=state))
    )
    whole = list(summarize(document, FakeGenerator(reply), style=Style.KEY_PASSAGES))
    assert last(resumed) == last(whole)
    assert [event.part_index for event in resumed if isinstance(event, PartDone)] == [2, 3, 4]
    assert list(second.states) == [state], "the caller's state is the caller's"


def test_resume_without_a_state_reads_again_but_writes_no_note_twice(document: Document) -> None:
    """Text is the truth, state is a cache: a lost state costs time only."""
    generator = FakeGenerator(reply)
    kept = tuple(SectionNotes(n, THEMES[n], n + 1, n + 1, ()) for n in range(3))
    events, positions = [], []
    for event in summarize(document, generator, style=Style.KEY_PASSAGES, resume=Resume(kept, 0, None)):
        events.append(event)
        if isinstance(event, PartDone):
            positions.append((event.part_index, generator.position(event.state)))
    assert [part for part, _ in positions] == [3, 4]
    assert last(events).sections[:3] == kept
    assert positions[-1][1] == events[0].tokens_total + 1


def test_notes_of_parts_read_again_are_kept(document: Document) -> None:
    """A state older than the notes is carried on to where they end."""
    generator = FakeGenerator(reply)
    state = generator.new_state()
    generator.read(state, [0, *generator.tokenize(document.pages[0].text)])
    kept = tuple(SectionNotes(n, THEMES[n], n + 1, n + 1, ()) for n in range(3))
    events = list(summarize(document, generator, style=Style.BRIEF, resume=Resume(kept, 1, state)))
    assert [event.part_index for event in events if isinstance(event, PartDone)] == [3, 4]


def test_boilerplate_is_read_but_not_noted() -> None:
    """A table of contents goes through the state and gets no notes."""
    contents = "Rivers 1\n\nLakes 7\n\n" * 20
    prose = "The river carries sand from the mountains to the sea every year. " * 15
    document = make_document([contents + prose], [("Contents", len(contents)), ("Rivers", len(prose))])
    generator = FakeGenerator(reply)
    done = last(list(summarize(document, generator, style=Style.BRIEF)))
    assert done.sections[0].notes == ()
    assert done.sections[1].notes != ()
    assert len(generator.samplings) == 1


def test_document_text_is_data_in_the_prompt() -> None:
    """Text that looks like a control token is tokenised as text."""
    text = "The word <2> ends nothing at all in this rather ordinary sentence. " * 12
    generator = FakeGenerator(reply)
    events = summarize(make_document([text]), generator, style=Style.KEY_PASSAGES)
    states = [generator.states[event.state] for event in events if isinstance(event, PartDone)]
    assert [token for token in states[-1] if token < 10] == [0]


def test_empty_document_has_an_empty_summary() -> None:
    """Nothing to read, nothing to say, no error."""
    done = last(list(summarize(make_document([""]), FakeGenerator(), style=Style.KEY_PASSAGES)))
    assert done.summary == ()


def test_default_style() -> None:
    """Small and base models quote; larger chat models write."""
    info = FakeGenerator().info
    assert default_style(replace(info, parameters=150_000_000)) is Style.KEY_PASSAGES
    assert default_style(replace(info, parameters=2_700_000_000)) is Style.BRIEF
    assert default_style(replace(info, parameters=2_700_000_000, is_chat=False)) is Style.KEY_PASSAGES


def test_part_speaks_for_itself_where_nothing_was_written(document: Document) -> None:
    """An answer without a usable line is replaced by the part's key sentences, word for word."""
    done = last(list(summarize(document, FakeGenerator(lambda text: "Sure!"), style=Style.BRIEF)))
    for section, page in zip(done.sections, document.pages, strict=True):
        assert section.notes
        assert all(line.supported and line.text in page.text for line in section.notes)


@pytest.mark.parametrize("notes_from", list(NotesFrom))
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_base_model_completes_its_notes(document: Document, notes_from: NotesFrom, batch_size: int) -> None:
    """Below each part it finds what a summary begins with; what it writes after the list is left out.

    Of parts that have nothing of what it wrote, sentences are taken.
    """
    heard: list[str] = []

    def write_on(text: str) -> str:
        heard.append(text)
        notes = " The rivers carry more\nsand in 1801.\n- Peru sold dry rivers in 1999."
        return f"{notes}\n\nChapter 2\n\nThe dams broke in 1850."

    generator = FakeGenerator(write_on, is_chat=False, batch_size=batch_size)
    done = last(list(summarize(document, generator, style=Style.BRIEF, notes_from=notes_from)))
    rivers, *others = done.sections
    said = [line.text for line in rivers.notes]
    assert said == ["The rivers carry more sand in 1801.", "Peru sold dry rivers in 1999."]
    assert [line.supported for line in rivers.notes] == [True, False]
    for section in others:
        assert [line.text for line in section.notes] == [line.citations[0].quote for line in section.notes] != []
    assert all(text.endswith(":\n-<2><1>") and "Summary of the passage above" in text for text in heard)
    assert not any("objective summary" in text for text in heard)
    assert generator.states == {}


def test_a_base_models_notes_can_be_cancelled(document: Document) -> None:
    """The user's stop while it writes is no end of a list."""
    writing = False

    def write_on(text: str) -> str:
        nonlocal writing
        writing = True
        return " The rivers carry more sand"

    generator = FakeGenerator(write_on, is_chat=False)
    with pytest.raises(ReadCancelled):
        list(summarize(document, generator, style=Style.BRIEF, cancelled=lambda: writing))
    assert generator.states == {}
