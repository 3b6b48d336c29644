"""Models in the whole window: looked at, fetched, taken in, changed to; the store behind it is a fake."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QLineEdit, QListView

from app.core.errors import GriffinDeskError, ResourceError, UserError
from app.core.settings import load_settings
from app.inference.fit import Verdict
from app.services.catalogue import ModelStatus
from app.services.model_store import Verified
from app.services.tokens import TokenError
from app.ui.controllers import models
from app.ui.dialogs.models import ModelsDialog
from app.ui.dialogs.models_removal import ModelRemovalQuestion
from app.ui.jobs import Lane
from app.ui.models.catalogue import CatalogueRole
from app.ui.models.model_row import KeepToken, ModelRow
from tests.ui.desk_window import Desks, DeskWindow, write_book
from tests.ui.fake_store import FakeStore, fit

IT = "recurrentgemma-2b-it"
TOKEN = "hf_ABCDEFGH"


@pytest.fixture
def store(desks: Desks) -> FakeStore:
    """In the place of the real one; a token is at hand."""
    made = desks.store = FakeStore()
    made.tokens.token = TOKEN
    return made


class Shown:
    """The dialog in a window."""

    def __init__(self, window: DeskWindow) -> None:
        self.window = window
        window.actions.choose_model()
        self.dialog = window.window.findChildren(ModelsDialog)[0]
        window.wait(lambda: self.rows)

    @property
    def rows(self) -> dict[str, ModelRow]:
        """By name."""
        model = self.dialog.findChildren(QListView)[0].model()
        rows = [model.index(number, 0).data(CatalogueRole.ROW) for number in range(model.rowCount())]
        return {row.entry.name: row for row in rows}

    @property
    def texts(self) -> str:
        """All that can be read in it."""
        return "\n".join(self.window.texts(self.dialog)).replace("\u00a0", " ").replace("\u200b", "")

    def press(self, *names: str) -> None:
        """Buttons, one after the other, each once it can be pressed."""
        for name in names:
            self.window.wait(lambda name=name: name in self.buttons)
            self.window.button(name, self.dialog).click()

    @property
    def buttons(self) -> set[str]:
        """Those that can be pressed."""
        found = self.dialog.findChildren(QAbstractButton)
        return {button.text() for button in found if button.isVisible() and button.isEnabled()}

    def wait_for(self, text: str) -> None:
        """Until it can be read."""
        self.window.wait(lambda: text in self.texts)

    def close(self) -> None:
        self.press("Close")
        self.window.wait(lambda: not self.window.window.findChildren(ModelsDialog))


@pytest.fixture
def window(desks: Desks, store: FakeStore) -> DeskWindow:
    """Ready."""
    made = desks.window()
    made.wait_ready()
    return made


@pytest.fixture
def shown(window: DeskWindow) -> Shown:
    """With the dialog."""
    return Shown(window)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Web pages that were opened."""
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    return opened


def test_what_a_model_is_and_how_it_will_run(shown: Shown) -> None:
    """The one in use is shown first; each says in words where it is and whether it fits, and why."""
    assert {name: row.in_use for name, row in shown.rows.items() if row.in_use} == {"starter": True}
    assert "In use" in shown.texts and "Use this model…" not in shown.buttons
    shown.dialog.choose(IT)
    for text in ("Not here yet", "Fits well", "Needs 2.9 GiB, 10.1 GiB are free", "reads 230, writes 8.5 tokens/s"):
        assert text in shown.texts
    shown.dialog.choose("recurrentgemma-9b")
    assert "Will not fit" in shown.texts and "this machine has 7.8 GiB in all" in shown.texts
    assert "Remove from this machine…" not in shown.buttons


def test_a_download_is_paused_and_gone_on_with(shown: Shown, store: FakeStore) -> None:
    """It says how far it is; what came stays, and Discard deletes it."""
    store.may_go_on.clear()
    shown.dialog.choose(IT)
    assert not any(call.startswith("pull") for call in store.calls)
    shown.press("Download")
    shown.wait_for("2.00 GiB of 5.00 GiB · 11.4 MiB a second · 4:28 left")
    assert "Offline" not in shown.window.texts(shown.window.window.status)
    assert not {"Download", "Check the files", "Discard the download"} & shown.buttons
    shown.press("Pause")
    shown.wait_for("Download paused at 40 %")
    assert "Offline" in shown.window.texts(shown.window.window.status)
    shown.press("Discard the download")
    shown.wait_for("Not here yet")
    store.may_go_on.set()
    shown.press("Download")
    shown.wait_for("It is here now; every file was checked.")
    assert shown.rows[IT].entry.status is ModelStatus.INSTALLED
    assert "Use this model…" in shown.buttons


def test_a_download_goes_on_without_the_dialog(shown: Shown, store: FakeStore) -> None:
    """The status line shows it, pauses it and goes on with it; its end is told."""
    store.may_go_on.clear()
    window = shown.window
    shown.dialog.choose(IT)
    shown.press("Download")
    shown.close()
    figures = "2.00 GiB of 5.00 GiB · 11.4 MiB a second"
    window.wait(lambda: window.status == f"Downloading RecurrentGemma 2B, instruction-tuned: {figures}")
    window.button("Pause", window.window.status).click()
    window.wait(lambda: window.status == "RecurrentGemma 2B, instruction-tuned")
    assert "· Paused" in window.texts(window.window.status)
    store.may_go_on.set()
    window.button("Resume", window.window.status).click()
    window.wait(lambda: window.notices)
    assert window.notices == [
        "Downloading RecurrentGemma 2B, instruction-tuned: It is here now; every file was checked."
    ]
    window.rest()
    assert window.status == "Ready"
    window.button("Show", window.window.notices).click()
    assert window.window.findChildren(ModelsDialog)[0].chosen.entry.name == IT


def test_a_reading_comes_first_in_the_status_line(desks: Desks, shown: Shown, store: FakeStore, tmp_path: Path) -> None:
    """It names the download too, and its buttons are for the reading."""
    store.may_go_on.clear()
    window = shown.window
    shown.dialog.choose(IT)
    shown.press("Download")
    shown.wait_for("of 5.00 GiB")
    shown.close()
    window.open(write_book(tmp_path, "rivers", 8))
    desks.generator.reads_before_held = 6
    desks.generator.may_read.clear()
    window.actions.summarise()
    window.wait(lambda: window.status.startswith("Reading rivers"))
    assert window.status.endswith("· Downloading RecurrentGemma 2B, instruction-tuned, 40 %")
    window.button("Pause", window.window.status).click()
    window.wait(lambda: not window.controller.activity.rooms)
    assert window.status.startswith("Downloading RecurrentGemma 2B, instruction-tuned: 2.00 GiB of")
    window.actions.stop()
    desks.generator.may_read.set()
    window.rest_but(Lane.STORE)
    assert window.controller.models.works.shown


def test_the_end_of_the_program_pauses_a_download(desks: Desks, shown: Shown, store: FakeStore) -> None:
    """The next start offers it, and does nothing before the user says so; a copy likewise."""
    store.may_go_on.clear()
    shown.dialog.choose(IT)
    shown.press("Download")
    shown.wait_for("of 5.00 GiB")
    shown.window.end()
    assert store.entries[IT].status is ModelStatus.PAUSED
    window = desks.window()
    window.wait(lambda: window.notices)
    window.rest()
    assert window.notices == ["RecurrentGemma 2B, instruction-tuned: what was interrupted can be gone on with."]
    assert window.status == "RecurrentGemma 2B, instruction-tuned"
    assert store.calls.count(f"pull google/{IT}") == 1
    window.end()
    store.may_go_on.set()
    window = desks.window()
    window.wait(lambda: window.notices)
    window.button("Go on", window.window.notices).click()
    window.wait(lambda: store.entries[IT].status is ModelStatus.INSTALLED)
    window.rest()
    window.end()
    window = desks.window()
    window.wait_ready()
    assert window.notices == [] and window.status == "Ready"


def test_offers_of_an_earlier_run_that_are_void(desks: Desks, store: FakeStore) -> None:
    """What is there by now, or was never begun, is not offered; nonsense is forgotten."""
    window = desks.window(start=False)
    window.state.save_words("models", [f"get|{IT}", "copy|none|int8", "get|", "nonsense", "copy|starter|int8"])
    window.end()
    window = desks.window()
    window.wait(lambda: window.notices)
    window.rest()
    assert window.status == "Starter model"
    window.actions.stop()
    assert window.status == "Ready"
    assert window.state.words("models") == ()


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (ResourceError("no connection could be made: see whether there is a network", code="hub-network"), "Try again"),
        (ResourceError("the disk is full", code="disk-full"), "Try again"),
        (UserError("HF_HUB_OFFLINE is set, so nothing is asked of the network", code="hub-offline"), "Try again"),
        (UserError("give it to `griffin-desk models login`", code="hub-gated"), "Go through the steps…"),
        (UserError("the token is not accepted", code="hub-token"), "Enter a token…"),
        (ResourceError("/models cannot be written", code="models-dir"), "Choose the folder of models…"),
    ],
)
def test_a_download_that_fails(shown: Shown, store: FakeStore, error: GriffinDeskError, step: str) -> None:
    """The reason stands at the model, with the next step on a button that does it."""
    store.errors["pull"] = error
    shown.dialog.choose(IT)
    shown.press("Download")
    message = error.message.replace("`griffin-desk models login`", "Griffin Desk")
    shown.wait_for(message[0].upper() + message[1:])
    store.errors.clear()
    shown.press(step)
    if step == "Try again":
        shown.wait_for("It is here now")
    elif error.code == "models-dir":
        shown.window.wait(lambda: "Each model is a folder in it." in shown.window.texts())
    else:
        shown.wait_for("1. Accept the licence")
        assert "A token is in this system's keyring." in shown.texts
        shown.press("Download")
        shown.wait_for("It is here now")


def test_the_steps_to_a_gated_model(shown: Shown, store: FakeStore, pages: list[str]) -> None:
    """Without a token nothing is asked for; pages open on a click; a token is checked, then kept, then used."""
    store.tokens.token = ""
    shown.dialog.choose(IT)
    shown.press("Download")
    shown.wait_for("3. Paste it here")
    assert "Download" not in shown.buttons and pages == []
    assert not any(call.startswith("pull") for call in store.calls)
    shown.press("Open the licence page", "Open the page of tokens")
    assert pages == [f"https://huggingface.co/google/{IT}", "https://huggingface.co/settings/tokens"]
    field = next(field for field in shown.dialog.findChildren(QLineEdit) if field.accessibleName() == "Token")
    assert field.echoMode() is QLineEdit.EchoMode.Password
    assert "Check and keep" not in shown.buttons
    store.errors["check_token"] = UserError("the hub does not accept the token", code="hub-token")
    field.setText(f" {TOKEN} ")
    shown.press("Check and keep")
    shown.wait_for("The hub does not accept the token.")
    assert store.tokens.token == "" and field.property("invalid")
    store.errors.clear()
    shown.press("Check and keep")
    shown.wait_for("It belongs to the account anna.")
    assert store.tokens.token == TOKEN and field.text() == ""
    assert TOKEN not in shown.texts
    shown.press("Download")
    shown.wait_for("It is here now")


def test_without_a_keyring(shown: Shown, store: FakeStore) -> None:
    """Its own sentence says what to do; a token from elsewhere is named by its place."""
    store.tokens.token = ""
    store.tokens.error = TokenError("this system has no keyring: set the environment variable HF_TOKEN")
    shown.dialog.choose(IT)
    shown.press("Download")
    shown.wait_for("3. Paste it here")
    field = next(field for field in shown.dialog.findChildren(QLineEdit) if field.accessibleName() == "Token")
    field.setText(TOKEN)
    shown.press("Check and keep")
    shown.wait_for("This system has no keyring: set the environment variable HF_TOKEN.")
    shown.press("Back")
    assert "Not here yet" in shown.texts
    store.errors["pull"] = UserError("its licence is not accepted", code="hub-gated")
    store.tokens.token, store.tokens.place = TOKEN, "environment"
    shown.press("Download", "Go through the steps…")
    shown.wait_for("A token is in the environment (HF_TOKEN).")
    assert "Forget the token" not in shown.buttons


def test_a_token_is_forgotten(shown: Shown, store: FakeStore) -> None:
    """And asked for again."""
    store.errors["pull"] = UserError("the token may not read it", code="hub-token")
    shown.dialog.choose(IT)
    shown.press("Download", "Enter a token…", "Forget the token")
    shown.window.wait(lambda: store.tokens.token == "" and "Forget the token" not in shown.buttons)
    assert "Download" not in shown.buttons


def test_what_a_change_costs_is_said_before_it(shown: Shown, store: FakeStore, desks: Desks) -> None:
    """Then the model is loaded, kept in the settings and shown as the one in use."""
    store.entries[IT] = replace(store.entries[IT], status=ModelStatus.INSTALLED, path=Path("/models/it"))
    desks.add_model(IT)
    shown.close()
    shown = Shown(shown.window)
    shown.dialog.choose(IT)
    shown.press("Use this model…")
    for text in (
        "It is loaded anew: 5.00 GiB from the disk.",
        "Saved states belong to the model that made them",
        "Reading 100 pages takes about 4 min, at 230 tokens/s.",
    ):
        assert text in shown.texts
    assert len(desks.loaders) == 1
    shown.press("Use it")
    shown.window.wait(lambda: len(desks.loaders) == 2 and shown.window.controller.engine.is_ready)
    shown.window.wait(lambda: shown.rows[IT].in_use)
    assert "In use" in shown.texts and "Remove from this machine…" not in shown.buttons
    shown.window.rest()
    assert load_settings(shown.window.paths.settings).model == IT


def test_a_model_that_does_not_load(shown: Shown, store: FakeStore, desks: Desks) -> None:
    """The reason stands in the dialog, and trying again loads it."""
    store.entries[IT] = replace(store.entries[IT], status=ModelStatus.INSTALLED, path=Path("/models/it"))
    desks.add_model(IT)
    desks.errors[IT] = ResourceError("there is not enough memory", code="memory")
    shown.window.controller.models.catalogue.refresh()
    shown.dialog.choose(IT)
    shown.press("Use this model…", "Use it")
    shown.wait_for("There is not enough memory.")
    desks.errors.clear()
    shown.press("Try again")
    shown.window.wait(lambda: shown.window.controller.engine.is_ready)
    shown.window.wait(lambda: "There is not enough memory." not in shown.texts)


def test_files_are_checked(shown: Shown, store: FakeStore) -> None:
    """What was found is told where it was asked for, problems as a list."""
    shown.press("Check the files")
    shown.wait_for("All 4 files and 312 tensors are as they were when they came.")
    store.verified = Verified(("model.safetensors has 12 bytes, expected 40", "config.json is missing"), 4, 0, False)
    shown.press("Check the files")
    shown.wait_for("model.safetensors has 12 bytes, expected 40\nconfig.json is missing")
    store.verified = Verified((), 0, 312, False)
    shown.press("Check the files")
    shown.wait_for("There is no record of how the files were")


def test_a_smaller_copy(shown: Shown, store: FakeStore) -> None:
    """Its size and its cost are told first; stopped it can be gone on with; the copy is shown with what it lost."""
    store.entries[IT] = replace(store.entries[IT], status=ModelStatus.INSTALLED, path=Path("/models/it"))
    store.may_go_on.clear()
    shown.window.controller.models.catalogue.refresh()
    shown.dialog.choose(IT)
    shown.press("Make a smaller copy…")
    assert "About 2.52 GiB. Answers hardly differ. Takes about 35 s to make." in shown.texts
    shown.press("int4", "Make the copy")
    shown.wait_for("Converting · 2.00 GiB of 5.00 GiB")
    assert shown.window.state.words("models") == (f"copy|{IT}|int4",)
    shown.press("Stop")
    shown.wait_for("Stopped. What is done of the copy is kept.")
    store.may_go_on.set()
    shown.press("Go on")
    shown.wait_for("On a text of 2048 tokens its perplexity is 8.12, the original's 8.05")
    assert shown.dialog.chosen.entry.name == f"{IT}-int4"
    assert store.calls.count(f"convert {IT} int4") == 2


def test_removing_asks_first(shown: Shown, store: FakeStore) -> None:
    """The model of the program itself cannot be removed, and goes by no button."""
    assert "Remove from this machine…" not in shown.buttons
    store.entries[IT] = replace(store.entries[IT], status=ModelStatus.INSTALLED, path=Path("/models/it"))
    shown.window.controller.models.catalogue.refresh()
    shown.dialog.choose(IT)
    for answer, left in (("Cancel", True), ("Remove", False)):
        shown.press("Remove from this machine…")
        question = shown.dialog.findChildren(ModelRemovalQuestion)[-1]
        assert "5.00 GiB are freed" in question.text()
        shown.window.button(answer, question).click()
        shown.window.wait(lambda left=left: (IT in shown.rows) is left)
        shown.window.rest()
    assert store.calls.count(f"remove {IT}") == 1


def drop(dialog: ModelsDialog, *paths: Path) -> bool:
    """What was dropped; whether it may be."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, button, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(dialog.rect().center(), action, data, button, none)
    enter.ignore()
    dialog.dragEnterEvent(enter)
    if enter.isAccepted():
        dialog.dropEvent(QDropEvent(QPointF(dialog.rect().center()), action, data, button, none))
    return enter.isAccepted()


def test_a_folder_is_dropped_and_imported(shown: Shown, store: FakeStore, tmp_path: Path) -> None:
    """It is looked into first; a name that is taken is refused; while it comes it stands in the list."""
    assert not drop(shown.dialog, tmp_path, tmp_path)
    assert drop(shown.dialog, tmp_path / "weights")
    shown.wait_for("Import RecurrentGemma 2B, base?")
    assert "5.00 GiB · bfloat16 · Hugging Face" in shown.texts
    name = next(field for field in shown.dialog.findChildren(QLineEdit) if field.accessibleName() == "Name")
    assert name.text() == "my-model"
    name.setText("starter")
    shown.press("Import")
    assert "There is a model starter already: choose another name." in shown.texts
    name.setText("mine")
    store.may_go_on.clear()
    shown.press("Import")
    shown.wait_for("Copying · 2.00 GiB of 5.00 GiB")
    assert shown.dialog.chosen.entry.name == "mine"
    assert shown.window.state.words("models") == ()
    store.may_go_on.set()
    shown.wait_for("It was imported; every file was checked.")
    assert "import weights as mine, None, linked" in store.calls
    assert shown.rows["mine"].is_here


def test_what_is_written_anew_is_not_linked(shown: Shown, store: FakeStore, tmp_path: Path) -> None:
    """The box that offers it is for files of Hugging Face's layout, as they are."""
    (box,) = (box for box in shown.dialog.findChildren(QCheckBox) if box.text().startswith("Take no room twice"))
    drop(shown.dialog, tmp_path / "weights")
    shown.wait_for("5.00 GiB · bfloat16 · Hugging Face")
    assert box.isEnabled()
    store.found = replace(store.found, source="deepmind")
    drop(shown.dialog, tmp_path / "2b-it.pt")
    shown.wait_for("5.00 GiB · bfloat16 · DeepMind")
    assert not box.isEnabled()


def test_what_cannot_be_imported(shown: Shown, store: FakeStore, tmp_path: Path) -> None:
    """Why is said where it was asked for, before and after it was looked into."""
    store.errors["look_into"] = UserError("it is no model: expected a folder with config.json")
    drop(shown.dialog, tmp_path / "photos")
    shown.wait_for("It is no model: expected a folder with config.json.")
    assert "Import" not in shown.buttons
    store.errors = {"import": ResourceError("the disk is full", code="disk-full")}
    drop(shown.dialog, tmp_path / "weights")
    shown.wait_for("Import RecurrentGemma 2B, base?")
    shown.press("Import")
    shown.wait_for("The disk is full.")
    store.errors.clear()
    shown.press("Try again")
    shown.wait_for("It was imported; every file was checked.")


@pytest.fixture
def unmeasured(store: FakeStore) -> Iterator[FakeStore]:
    """A machine whose speed is not known."""
    store.measured = False
    store.entries[IT] = replace(store.entries[IT], fit=fit(Verdict.FITS, read=None, write=None))
    yield store


def test_the_machine_is_measured_once(desks: Desks, unmeasured: FakeStore) -> None:
    """When the dialog is first opened; it gives way to a download, and is made up for."""
    unmeasured.may_go_on.clear()
    window = desks.window()
    window.wait_ready()
    assert "measure" not in unmeasured.calls
    shown = Shown(window)
    shown.wait_for("This machine is being measured once")
    shown.dialog.choose(IT)
    assert "not known until this machine has been measured" in shown.texts
    shown.press("Download")
    shown.wait_for("of 5.00 GiB")
    assert "This machine is being measured once" not in shown.texts
    unmeasured.may_go_on.set()
    window.wait(lambda: unmeasured.measured)
    window.rest()
    assert unmeasured.calls.count("measure") == 2
    shown.close()
    shown = Shown(window)
    window.rest()
    assert unmeasured.calls.count("measure") == 2


def test_measuring_waits_for_what_is_read(desks: Desks, unmeasured: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a summary or an answer the machine would be taken for a slow one; afterwards it is measured by itself."""
    monkeypatch.setattr(models, "MEASURE_AGAIN_MS", 10)
    window = desks.window()
    window.wait_ready()
    read = threading.Event()
    window.jobs.submit(Lane.READING, lambda task: read.wait(60))
    Shown(window)
    window.wait(lambda: window.controller.models._later.isActive())
    assert "measure" not in unmeasured.calls
    read.set()
    window.wait(lambda: unmeasured.measured)
    assert unmeasured.calls.count("measure") == 1


def test_measuring_that_fails_is_not_repeated(desks: Desks, unmeasured: FakeStore) -> None:
    """Until the dialog is opened again; nothing else is kept from working."""
    unmeasured.errors["measure"] = ResourceError("the process was lost", code="model-job-lost")
    window = desks.window()
    window.wait_ready()
    shown = Shown(window)
    window.rest()
    shown.dialog.choose(IT)
    shown.press("Download")
    shown.wait_for("It is here now")
    window.rest()
    assert unmeasured.calls.count("measure") == 1


def test_wishes_hold_no_secret_in_words() -> None:
    """What is written to a log of a wish does not hold the token."""
    assert TOKEN not in repr(KeepToken(IT, TOKEN))


def test_room_for_all_words(shown: Shown) -> None:
    """Labels of the details are not wider than their page."""
    for name in shown.rows:
        shown.dialog.choose(name)
        page = shown.dialog.page
        assert page is not None
        for label in page.findChildren(QLabel):
            if label.isVisible():
                assert label.width() <= page.width()
