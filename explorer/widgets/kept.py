"""What was set by hand on the controls of a view, to be written into a session and set again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QSlider, QWidget

from explorer.widgets.switch import Switch

Value = bool | int | str


class _Part(NamedTuple):
    get: Callable[[], Any]
    set: Callable[[Any], object]
    first: Value  # as it was before anyone touched it


class Kept:
    """Controls by names that never change. One that is as it was at first is not written.

    What is wanted of them is set by ``settle``: their view may have to be drawn before.
    """

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}
        self._wanted: dict[str, Value] = {}

    def add(self, name: str, get: Callable[[], Value], put: Callable[[Any], object]) -> None:
        """Keeps what ``get`` gives back and ``put`` sets; a ``name`` has no dot."""
        self._parts[name] = _Part(get, put, get())

    def add_control(self, name: str, control: QWidget) -> None:
        """Keeps the state of a control; that of a list is the data of its entry."""
        if isinstance(control, QComboBox):
            put = lambda wanted: control.setCurrentIndex(max(control.findData(wanted or None), 0))  # noqa: E731
            self.add(name, lambda: control.currentData() or "", put)
        elif isinstance(control, Switch):
            self.add(name, lambda: control.current, lambda place: control.choose(min(place, control.count - 1)))
        elif isinstance(control, QAbstractButton):
            self.add(name, control.isChecked, control.setChecked)
        elif isinstance(control, QLineEdit):
            self.add(name, control.text, control.setText)
        elif isinstance(control, QPlainTextEdit):
            self.add(name, control.toPlainText, control.setPlainText)
        elif isinstance(control, QSlider):
            self.add(name, control.value, control.setValue)
        else:
            raise TypeError(f"{type(control).__name__} has no state that is known here")

    @property
    def values(self) -> dict[str, Value]:
        """What is set, or is to be, and differs from how it was at first; names that nobody has stay as they came."""
        set_now = {name: self._wanted.get(name, part.get()) for name, part in self._parts.items()}
        changed = {name: value for name, value in set_now.items() if value != self._parts[name].first}
        return changed | {name: value for name, value in self._wanted.items() if name not in self._parts}

    def want(self, values: Mapping[str, Value]) -> None:
        """Asks for ``values``, and for all others to be as they were at first."""
        self._wanted = {name: part.first for name, part in self._parts.items()} | dict(values)

    def settle(self) -> None:
        """Sets what is wanted; a value of another kind is passed over."""
        for name in self._parts.keys() & self._wanted.keys():
            part, value = self._parts[name], self._wanted.pop(name)
            if type(value) is type(part.first) and value != part.get():
                part.set(value)
