"""Takes a picture or the numbers behind it out of the window: to the clipboard, or into a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QIODevice, QMimeData, QObject, QPoint, QSaveFile, QSize, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer import theme
from explorer.export_drawing import Drawing
from explorer.export_python import script
from explorer.settings import Settings
from explorer.worker import Lane
from explorer.workspace import Workspace

_SCALE = 2.0  # pixels a point, at least: sharp on paper, too
_SCALES = (2, 1, 4, 8)  # that are offered for a file, the usual one first


class Sheet(NamedTuple):
    """What stands behind a picture: an array (R, C) of numbers or words, with its labels."""

    values: NDArray[Any]
    rows: Sequence[str]
    columns: Sequence[str]
    numbers: NDArray[Any] | None = None  # (R, C) behind values that are words with their numbers

    def csv(self, separator: str = ",") -> str:
        """Every number in full, below and behind its labels."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator="\n")
        writer.writerow(["", *self.columns])
        writer.writerows([label, *row] for label, row in zip(self.rows, self.values.tolist(), strict=True))
        return text.getvalue()

    def csv_file(self) -> bytes:
        """The same as a file, with its mark, or else spreadsheets take it for Latin-1."""
        return self.csv().encode("utf-8-sig")

    def npz_file(self) -> bytes:
        """``values`` (R, C), ``rows`` (R,) and ``columns`` (C,) as NumPy reads them.

        Words are text; where they have numbers, these are the values, and the text is ``words``.
        """
        file = io.BytesIO()
        written = self.values.astype(str) if self.values.dtype == object else self.values  # pickles could carry code
        rows, columns = (np.array(list(labels), dtype=str) for labels in (self.rows, self.columns))
        if self.numbers is None:
            np.savez_compressed(file, values=written, rows=rows, columns=columns)
        else:
            np.savez_compressed(file, values=self.numbers, words=written, rows=rows, columns=columns)
        return file.getvalue()


class Form(NamedTuple):
    """One kind of file that something can be saved as."""

    title: str
    ending: str
    encode: Callable[[], bytes]  # on the worker


class Exportable(Protocol):
    """What can be taken out."""

    def image(self) -> QImage: ...  # on the GUI thread
    def drawing(self) -> Drawing: ...  # on the GUI thread
    def sheet(self) -> Sheet: ...  # on the GUI thread; nobody writes into it afterwards

    @property
    def name(self) -> str: ...  # of a file, without its ending
    @property
    def python(
        self,
    ) -> Callable[[], str] | None: ...  # lines that make the values, of ``bert`` and ``trace`` if need be


class Exporter(QObject):
    """Copies and saves for one window. Encoding and writing is the worker's."""

    done = Signal(str)  # a sentence: where it is now
    failed = Signal(str)  # a sentence: why it is nowhere

    def __init__(self, workspace: Workspace, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._workspace, self._settings, self._window = workspace, settings, window

    def take(self, way: str, picture: Exportable) -> None:
        """Does what an action of that id says."""
        {
            "save-picture": self.save_picture,
            "save-numbers": self.save_numbers,
            "copy-picture": self.copy_picture,
            "copy-numbers": self.copy_numbers,
            "copy-python": self.copy_python,
        }[way](picture)

    def copy_picture(self, picture: Exportable) -> None:
        """Puts the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(picture.image())
        self.done.emit(self.tr("The picture is on the clipboard."))

    def copy_numbers(self, picture: Exportable) -> None:
        """Puts the numbers on the clipboard, as spreadsheets and as programs expect them."""
        sheet = picture.sheet()
        self._run("clipboard", lambda: (sheet.csv("\t"), sheet.csv()), self._put)

    def copy_python(self, picture: Exportable) -> None:
        """Puts on the clipboard the program that makes the numbers anew."""
        bert, trace = self._workspace.bert, self._workspace.trace
        if picture.python is not None:
            lines, scenario = picture.python(), None if trace is None else trace.scenario
            self._run("clipboard", lambda: script(bert, scenario, lines), self._put_python)

    def save_picture(self, picture: Exportable) -> None:
        """Asks for a file and writes the picture into it, as PNG at some scale or as SVG."""
        drawing, name = picture.drawing(), picture.name
        pixels = [
            Form(self.tr("PNG picture, {0} × (*.png)").format(scale), "png", partial(drawing.png, scale))
            for scale in _SCALES
        ]
        drawn = Form(self.tr("SVG drawing, its text as text (*.svg)"), "svg", partial(drawing.svg, name))
        self.save(self.tr("Save the picture"), name, (*pixels, drawn))

    def save_numbers(self, picture: Exportable) -> None:
        """Asks for a file and writes the numbers into it, as CSV or NPZ."""
        sheet = picture.sheet()
        forms = (
            Form(self.tr("CSV table (*.csv)"), "csv", sheet.csv_file),
            Form(self.tr("NumPy arrays (*.npz)"), "npz", sheet.npz_file),
        )
        self.save(self.tr("Save the numbers"), picture.name, forms)

    def save(self, title: str, name: str, forms: Sequence[Form]) -> None:
        """Asks for a file and writes one of ``forms``, the first where nothing else is chosen, as ``name``.

        What is saved must be taken already: the window goes on living behind the dialog.
        """
        file = self._settings.export_folder / f"{name}.{forms[0].ending}"
        titles = [form.title for form in forms]
        dialog = QFileDialog(self._window, title, str(file), ";;".join(titles))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(forms[0].ending)
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(forms[titles.index(chosen)].ending))
        dialog.fileSelected.connect(
            lambda file: self._write(Path(file), chosen_form(Path(file), dialog.selectedNameFilter(), forms))
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _write(self, file: Path, form: Form) -> None:
        self._settings.export_folder = file.parent
        self._run(
            str(file),
            lambda: write(file, form.encode()),
            lambda _: self.done.emit(self.tr("Saved as {file}.").format(file=file)),
        )

    def _put(self, texts: tuple[str, str]) -> None:
        data = QMimeData()
        data.setText(texts[0])
        data.setData("text/csv", texts[1].encode())
        QGuiApplication.clipboard().setMimeData(data)
        self.done.emit(self.tr("The numbers are on the clipboard."))

    def _put_python(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.done.emit(self.tr("The Python that makes these numbers is on the clipboard."))

    def _run(self, where: str, call: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """A later export takes the place of one that waits only where both go to the same place."""
        self._workspace.worker.submit(Lane.FILE, where, call, done, self._fail)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        self.failed.emit(str(error))


def image_of(widget: QWidget) -> QImage:
    """What ``widget`` shows, on paper."""
    scale = max(_SCALE, widget.devicePixelRatioF())
    image = QImage(QSize(round(widget.width() * scale), round(widget.height() * scale)), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(theme.palette().paper)
    QWidget.render(widget, image, QPoint())  # a view has another render of its own
    return image


def chosen_form(file: Path, chosen: str, forms: Sequence[Form]) -> Form:
    """The form with the title that was ``chosen``, unless the file's name ends like another's."""
    form = next((form for form in forms if form.title == chosen), forms[0])
    ending = file.suffix.lower().removeprefix(".")
    return form if form.ending == ending else next((form for form in forms if form.ending == ending), form)


def write(file: Path, data: bytes) -> None:
    """On the worker: writes ``data`` whole or not at all; ``OSError`` with a sentence."""
    saving = QSaveFile(str(file))
    written = saving.open(QIODevice.OpenModeFlag.WriteOnly) and saving.write(data) == len(data) and saving.commit()
    if not written:
        raise OSError(f"{file} cannot be written: {saving.errorString()}.")
