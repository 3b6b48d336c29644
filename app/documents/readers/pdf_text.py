"""The raw text of a PDF's page, by PDFium's own character indices."""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

NO_CHARACTER = "\0"
"""Stands for a character without Unicode."""


def characters(textpage: Any, count: int) -> str:
    """One character for each of the first `count` indices of a text page (PDFium's handle)."""
    # GetText is one call for all, but leaves out characters without Unicode: then the indices would shift.
    buffer = ctypes.create_string_buffer(2 * (count + 1))
    units = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
    written = pdfium_c.FPDFText_GetText(textpage, 0, count, units)
    text = buffer.raw[: 2 * max(0, written - 1)].decode("utf-16-le", "surrogatepass")
    if len(text) == count:
        return text
    return "".join(_character(pdfium_c.FPDFText_GetUnicode(textpage, index)) for index in range(count))


def _character(code: int) -> str:
    return chr(code) if 0 < code <= 0x10FFFF else NO_CHARACTER
