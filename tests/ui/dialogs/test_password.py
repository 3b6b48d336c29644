from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.ui.dialogs.password import PasswordDialog


def test_the_password_is_told(qtbot: QtBot) -> None:
    """It is hidden while typed, and Enter confirms it; an empty one cannot be confirmed."""
    dialog = PasswordDialog("report.pdf")
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    field = dialog.findChild(QLineEdit)
    opening = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Open")
    assert field.echoMode() == QLineEdit.EchoMode.Password and not opening.isEnabled()
    qtbot.keyClicks(field, " s3cret ")
    with qtbot.waitSignal(dialog.entered, check_params_cb=lambda password: password == " s3cret "):
        qtbot.keyClick(field, Qt.Key.Key_Return)


def test_cancelling_tells_nothing(qtbot: QtBot) -> None:
    """Esc leaves the document locked."""
    dialog = PasswordDialog("report.pdf")
    qtbot.addWidget(dialog)
    qtbot.keyClicks(dialog.findChild(QLineEdit), "s3cret")
    with qtbot.assertNotEmitted(dialog.entered):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.result() == 0


def test_it_can_be_shown(qtbot: QtBot) -> None:
    """A box shows what was typed and hides it again."""
    dialog = PasswordDialog("report.pdf")
    qtbot.addWidget(dialog)
    box, field = dialog.findChild(QCheckBox), dialog.findChild(QLineEdit)
    box.click()
    assert field.echoMode() == QLineEdit.EchoMode.Normal
    box.click()
    assert field.echoMode() == QLineEdit.EchoMode.Password


def test_a_wrong_password_is_said_beside_the_field(qtbot: QtBot) -> None:
    """The second time one sentence says why it is asked again, also to a screen reader."""
    sentence = "That password does not open it. Check capital letters and try again."
    first, second = PasswordDialog("report.pdf"), PasswordDialog("report.pdf", wrong=True)
    for dialog in (first, second):
        qtbot.addWidget(dialog)
    said = [[label.text() for label in d.findChildren(QLabel) if not label.isHidden()] for d in (first, second)]
    assert sentence not in said[0] and sentence in said[1]
    assert second.findChild(QLineEdit).accessibleDescription() == sentence


def test_a_long_name_is_cut_and_is_no_markup(qtbot: QtBot) -> None:
    """A file's name cannot widen the dialog or put anything into it."""
    name = "<b>" + "x" * 400 + "</b>.pdf"
    dialog = PasswordDialog(name)
    qtbot.addWidget(dialog)
    label = next(label for label in dialog.findChildren(QLabel) if label.property("role") == "heading")
    assert label.text().startswith("<b>x") and "…" in label.text()
    assert label.toolTip() != label.text()
    assert dialog.sizeHint().width() < 600
