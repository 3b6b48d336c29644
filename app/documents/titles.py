"""The title to show for a document: the file's own, else its first heading, else its name."""

from __future__ import annotations

import re

from app.documents.normalize import clean
from app.documents.outline import tidy_title

_JUNK = re.compile(
    r"""^(?:untitled.*|title|document\d*|unknown|none|null|no\ title|slide\ ?\d+
    |(?:table\ of\ )?contents|inhalt(?:sverzeichnis)?|cover|copyright.*|powerpoint.*|doc\d*|empty.*
    |microsoft\ (?:word|powerpoint|excel)\b.*|.*\.(?:docx?|pptx?|xlsx?|pdf|tex|dvi|ps|eps
    |indd|qxd|rtf|odt|txt|html?|cdr|p65|fm|wpd)
    |[\W\d_]*|\(.*\)|.*[\\/].*\.\w{2,4}|.*:\\.*)$""",
    re.IGNORECASE | re.VERBOSE,
)


def choose_title(metadata: str, first_heading: str, file_stem: str) -> str:
    """The first of the three that says something; "Microsoft Word - x.doc" and "untitled" say nothing."""
    for candidate in (metadata, first_heading):
        title = tidy_title(clean(candidate))
        if len(title) >= 2 and not _JUNK.match(title):
            return title
    return tidy_title(clean(file_stem)) or "(untitled)"
