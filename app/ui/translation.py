"""The language of the window: the user's choice, else the system's, else English."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from app.core.paths import resources_dir

LANGUAGES = ("en", "de")
"""Languages that all texts of the window are there in."""


def install_translation(application: QCoreApplication, language: str) -> str:
    """Put a language in force ('' is the system's); returns the one that is.

    English too has a file: it holds the plurals. Numbers and dates follow the system where it speaks that language.
    """
    wanted = language or QLocale.system().name()[:2]
    if wanted not in LANGUAGES:
        wanted = "en"
    own, qt = QTranslator(application), QTranslator(application)
    if own.load(f"griffin-desk_{wanted}", str(resources_dir() / "translations")):
        application.installTranslator(own)
    # Buttons of Qt's own dialogs.
    if qt.load(f"qtbase_{wanted}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(qt)
    if QLocale.system().name()[:2] != wanted:
        QLocale.setDefault(QLocale(wanted))
    return wanted
