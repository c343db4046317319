"""What the doctor says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.diagnosis import Diagnosis
from model.training.doctor import Finding

ALARM = Finding("a", "alarm", "The loss is no number since step 30.", "Lower the learning rate.")
NOTE = Finding("b", "note", "Only <5> sentences & no more.", "Add texts.")


@pytest.fixture
def doctor(qtbot: QtBot, light: None) -> Iterator[Diagnosis]:
    window = QWidget()
    qtbot.addWidget(window)
    doctor = Diagnosis()
    QVBoxLayout(window).addWidget(doctor)
    window.resize(300, 400)
    window.show()
    yield doctor
    window.close()


def said(doctor: Diagnosis) -> list[str]:
    """Its paragraphs."""
    parts = doctor.words.text().replace("<p", "\n<p").split("\n")
    return [unescape(re.sub(r"<[^>]+>", "", part)) for part in parts]


def test_before_there_are_curves_it_says_when_it_looks(doctor: Diagnosis) -> None:
    assert said(doctor) == ["Doctor", "The doctor looks at the curves once there are some."]


def test_each_finding_says_how_bad_what_and_what_to_do_the_worst_first(doctor: Diagnosis) -> None:
    doctor.show_findings([ALARM, NOTE], "So far 20 steps.")
    assert said(doctor) == [
        "Doctor",
        "Alarm · The loss is no number since step 30. Lower the learning rate.",
        "Note · Only <5> sentences & no more. Add texts.",
        "So far 20 steps.",
    ]


def test_where_nothing_looks_wrong_it_says_what_is_known(doctor: Diagnosis) -> None:
    doctor.show_findings([], "The loss <falls>.")
    assert said(doctor) == ["Doctor", "The loss <falls>."]


def test_what_another_run_had_is_gone(doctor: Diagnosis) -> None:
    doctor.show_findings([ALARM], "")
    doctor.show_findings([], "")
    assert said(doctor)[1].startswith("The doctor looks")


def test_it_takes_up_the_dark_look(doctor: Diagnosis) -> None:
    doctor.show_findings([ALARM], "")
    theme.apply("dark")
    assert theme.DARK.ink in doctor.words.text()
    assert theme.LIGHT.ink not in doctor.words.text()


def test_all_of_it_is_in_sight_at_twice_the_text_size(doctor: Diagnosis) -> None:
    doctor.show_findings([ALARM, NOTE], "So far 20 steps.")
    theme.set_text_scale(2.0)
    QApplication.processEvents()
    label = doctor.words._note
    assert label.height() >= label.heightForWidth(label.width())
    assert doctor.words.height() >= label.height()


def test_a_screen_reader_knows_who_speaks(doctor: Diagnosis) -> None:
    assert doctor.accessibleName() == "Doctor"
