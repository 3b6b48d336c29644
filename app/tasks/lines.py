"""From what a model wrote to lines: one sentence each, without list marks, talk about the text, loops and fragments."""

from __future__ import annotations

import re

from app.core.text import capitalised
from app.documents.prose import MIN_LETTERS
from app.documents.sentences import sentence_spans
from app.documents.words import Kind, Lexicon

MIN_CONTENT_WORDS = 3
SAME_SHARE = 0.75
"""Two lines that share this much of their content words (of the shorter) say the same."""

_MARK = re.compile(r"^\s*(?:[-*•–>#]+|\(?\d{1,2}[.)](?=\s)|[A-Za-z][.)](?=\s))\s*")
_EMPHASIS = re.compile(r"(\*\*|__|`)(.+?)\1")
_LABEL = re.compile(
    r"^(?:(?:here|below)\s+(?:is|are)\b[^:]{0,80}:|(?:brief\s+|short\s+)?(?:summary|notes?|key\s+points?|main\s+points?"
    r"|answer|overview|title)\s*:)\s*",
    re.IGNORECASE,
)
_META = re.compile(
    r"""^(?:(?:overall|in\s+(?:summary|conclusion|short)|finally|additionally|furthermore)\W+)?
    (?:
      (?:the\s+\w+\s+(?:part|half|section|paragraph)\s+of\s+)?(?:this|the|in\s+this|in\s+the)\s+(?:given\s+|above\s+|following\s+|provided\s+)?
        (?:text|section|passage|chapter|document|article|author|summary|excerpt|essay|paper|notes?|book|paragraph|story|content|speaker
        |narrator|discussion)\b
        (?:\s+(?:also|then|further|briefly|mainly|primarily|concludes\s+by|goes\s+on\s+to|begins\s+by|seems\s+to|appears\s+to))*\s+
        (?:is\s+about|is\s+(?:designed|intended|meant|divided|structured|organi[sz]ed)|is\s+(?:a|an)\s+(?:summary|overview|discussion)|discuss\w*|describ\w*|explain\w*|provid\w*|cover\w*|explor\w*|outlin\w*
        |present\w*|summari[sz]\w*|introduc\w*|highlight\w*|focus\w*|emphasi[sz]\w*|mention\w*|talk\w*|address\w*|examin\w*|conclud\w*
        |delv\w*|include\w*|contain\w*|aim\w*|offer\w*|begin\w*|end\w*)
    | (?:i|we)\s+(?:can|could|will|hope|am|'m|have|would|apologi[sz]e)\b | (?:sure|certainly|of\s+course)\b[!,.]
    | as\s+an\s+ai\b | (?:please|let\s+me\s+know)\b | by\s+(?:reading|following|understanding)\s+this
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# What a base model was given to go on from, said again (prompts.py).
_ECHO = re.compile(r"\bsummary\s+of\s+(?:the|this)\s+(?:passage|text)\b|\b(?:passage|text)\s+above\b", re.IGNORECASE)
_META_LEAD = re.compile(
    r"""^(?:according\s+to|as\s+(?:stated|described|mentioned)\s+in)\s+(?:the|this)\s+(?:text|section|passage|document|author|article),?\s+
    | ^(?:the|this)\s+(?:text|section|passage|document|author|article|chapter|book)\s+(?:also\s+)?
      (?:states?|says?|notes?|explains?|argues?|mentions?|emphasi[sz]es|highlights|suggests?|concludes)\s+that\s+
    | ^(?:in\s+(?:summary|conclusion|short)|overall|to\s+summari[sz]e),\s+""",
    re.VERBOSE | re.IGNORECASE,
)


def clean_lines(written: str, lexicon: Lexicon, *, finished: bool) -> list[str]:
    """The sentences of a generated text that say something, each once, in order.

    With finished=False (the length limit came first) a last sentence without an end is dropped.
    """
    lines: list[str] = []
    seen: list[frozenset[str]] = []
    for sentence in _sentences(written, finished):
        text = _bare(sentence)
        words = lexicon.words(text)
        content = frozenset(word.key for word in words if word.kind is not Kind.STOP)
        if len(content) < MIN_CONTENT_WORDS or not _mostly_letters(text) or text.endswith("?"):
            continue
        if _META.match(text) or _ECHO.search(text):
            continue
        if _loops([word.key for word in words]) or any(same_words(content, other) for other in seen):
            continue
        seen.append(content)
        lines.append(text)
    return lines


def same_words(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two lines' content words overlap so far that one repeats the other."""
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) >= SAME_SHARE * shorter


def _sentences(written: str, finished: bool) -> list[str]:
    found: list[str] = []
    for paragraph in written.splitlines():
        found += [paragraph[start:end] for start, end in sentence_spans(paragraph)]
    if found and not finished and not re.search(r"[.!?。！？][\"'”’)]*$", found[-1]):
        found.pop()
    return found


def _bare(sentence: str) -> str:
    text = _EMPHASIS.sub(r"\2", _MARK.sub("", sentence)).strip().strip("*_")
    text = _META_LEAD.sub("", _LABEL.sub("", text)).strip()
    return capitalised(text)


def _mostly_letters(text: str) -> bool:
    solid = [character for character in text if not character.isspace()]
    return sum(character.isalpha() for character in solid) >= MIN_LETTERS * len(solid)


def _loops(words: list[str]) -> bool:
    """Whether some three words in a row come back three times: the sign of a repetition loop."""
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return any(triples.count(triple) > 2 for triple in set(triples))
