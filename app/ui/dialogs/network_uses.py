"""What the program says about the network: the only uses it makes of it, each in a sentence."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def network_promise() -> str:
    """The promise in one sentence."""
    return QCoreApplication.translate(
        "NetworkUses", "Nothing leaves this machine: documents, questions and answers are read and written here only."
    )


def network_uses() -> tuple[str, ...]:
    """Every use of the network there is."""
    return (
        QCoreApplication.translate(
            "NetworkUses",
            "A web link that you click is opened by your web browser, and only while “Stay offline” is switched off.",
        ),
    )


def network_never() -> str:
    """What other programs do and this one does not."""
    return QCoreApplication.translate(
        "NetworkUses", "There is no check for updates, no account, no count of use and no report of errors."
    )
