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
        QCoreApplication.translate(
            "NetworkUses",
            "When you press “Download” in “Models”, the model’s files are asked for at huggingface.co, or at the "
            "address in HF_ENDPOINT, and at the servers that it names for them. What is sent: the model’s name, the "
            "names of its files, the versions of the programs that ask and, to the first address alone, your token if "
            "there is one.",
        ),
        QCoreApplication.translate(
            "NetworkUses", "When you press “Check and keep” there, the token is sent to the same address to be checked."
        ),
        QCoreApplication.translate(
            "NetworkUses", "The buttons there that name a page, such as the licence’s, open it in your web browser."
        ),
    )


def network_never() -> str:
    """What other programs do and this one does not."""
    return QCoreApplication.translate(
        "NetworkUses", "There is no check for updates, no account of its own, no count of use and no report of errors."
    )
