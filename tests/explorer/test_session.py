"""Sessions: saved, opened again, restored at the next start, and broken."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from explorer import session
from explorer.comparison import Shown
from explorer.session import Asked, Session
from explorer.settings import Settings
from explorer.tabs.attention import AttentionTab
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.tabs.layers import LayersTab
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.tabs.pretrain import PretrainTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.arithmetic import Arithmetic
from explorer.widgets.model_picker import bundled
from explorer.widgets.switched_page import SwitchedPage
from explorer.window import Window
from explorer.worker import Worker
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens.steps import Place, Stage
from model.lookup import PIECE
from model.scenario import Scenario
from tests.explorer.conftest import PAIR, Answered

KEPT = Path(__file__).parent / "data" / "session-1.bertx"
QUESTION = PAIR.mask(2).replace(7, "she").flip(9).toggle_head(1, 2).toggle_layer(4).attend("left-to-right")
# By hand, as the model that is shipped splits it.
TOKENS = ("[CLS]", "my", "dog", "is", "cute", "[SEP]", "he", "likes", "play", "##ing", "[SEP]")
WHOLE = Session(
    QUESTION,
    bundled="starter",
    tokens=TOKENS,
    tab="layers",
    views={
        "tokens": "output",
        "embeddings": "PositionMap",
        "attention": "what-if",
        "layers": "LayerSenses",
        "masked-lm": "Corruptor",
        "next-sentence": "ParagraphGrid",
    },
    token=4,
    head=(3, 5),
    cell=(4, 9),
    dock="left",
    way=(Place(Stage.ATTENTION, 3, 5, 4, 9), Place(Stage.WEIGHT, column=7, name="bert.pooler.dense.bias")),
)


@pytest.fixture
def other(qtbot: QtBot, light: None, tmp_path: Path) -> Iterator[Window]:
    """Another window, as at another start, with settings of its own and no model yet."""
    workspace = Workspace(Worker())
    window = Window(workspace, Settings(tmp_path / "other" / "settings.ini"))
    qtbot.addWidget(window)
    window.show()
    yield window
    workspace.worker.close()


def shown(window: Window) -> Session:
    found = window.sessions.session()
    assert found is not None
    return found


def warned(window: Window) -> str:
    return window.bar.notes["refused"].text()


def settled(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=30_000)


def opened(qtbot: QtBot, window: Window, file: Path) -> None:
    with qtbot.waitSignal(window.workspace.answered, timeout=30_000):
        window.sessions.open(file)


def written(tmp_path: Path, found: Session, **changed: Any) -> Path:
    """A file of ``found``, with fields of it as they are ``changed``."""
    file = tmp_path / "written.bertx"
    file.write_text(json.dumps({**json.loads(found.to_json()), **changed}), encoding="utf-8")
    return file


# What is kept


def test_a_session_of_this_version_opens_in_later_ones(window: Window, qtbot: QtBot) -> None:
    """The file was written by the version with schema 1 and stays as it is."""
    opened(qtbot, window, KEPT)
    assert shown(window) == WHOLE
    assert window.bar.first.text() == "My dog is cute"
    assert window.bar.left_to_right.isChecked()
    assert window.page is window.pages["layers"]
    assert not window.arithmetic.isHidden()
    assert warned(window) == ""


def test_what_is_saved_opens_in_a_fresh_window_as_it_was(
    window: Window, other: Window, qtbot: QtBot, answered: Answered, tmp_path: Path
) -> None:
    textbook = next(folder for folder in bundled() if folder.name == "textbook")
    answered(lambda: window.workspace.open_model(textbook, Scenario("my dog is cute").mask(2)))
    window.show_tab("masked-lm")
    window.pages["masked-lm"].show_side("TokenContributions")
    window.workspace.select(token=3, head=(0, 1), cell=(3, 1))
    window.show_arithmetic()
    settled(qtbot, window)
    file = tmp_path / "ünder" / "my session.bertx"
    with qtbot.waitSignal(window.sessions.done, timeout=10_000):
        window.sessions.save(file, shown(window))
    assert window.statusBar().currentMessage() == f"Saved as {file}."
    before = shown(window)
    window.workspace.set_texts("something else", "")
    opened(qtbot, other, file)
    assert shown(other) == before
    assert other.workspace.bert is not None
    assert other.workspace.bert.name == "textbook"


def test_every_tab_is_drawn_with_the_view_that_it_had(other: Window, qtbot: QtBot) -> None:
    """Those that were not in front are drawn when they are shown."""
    with qtbot.waitSignal(other.workspace.answered, timeout=30_000):
        other.sessions.start(None, KEPT)
    for name, side in WHOLE.views.items():
        other.show_tab(name)
        settled(qtbot, other)
        page = other.pages[name]
        assert page.side == side
        assert page._sides is not None
        assert page._sides[1][page._sides[0].current] == side


def test_the_menu_saves_what_was_shown_when_it_was_asked(
    window: Window, qtbot: QtBot, answered: Answered, tmp_path: Path
) -> None:
    window.actions_table["save-session"].trigger()
    dialog = next(dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible())
    answered(lambda: window.workspace.set_texts("something else", ""))
    with qtbot.waitSignal(window.sessions.done, timeout=10_000):
        dialog.fileSelected.emit(str(tmp_path / "mine.bertx"))
    dialog.close()
    assert session.read(tmp_path / "mine.bertx").scenario == PAIR


def test_a_place_that_cannot_be_written_to_is_a_sentence(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with qtbot.waitSignal(window.sessions.failed, timeout=10_000):
        window.sessions.save(tmp_path / "file" / "mine.bertx", shown(window))
    assert "cannot be written" in warned(window)


def test_the_arithmetic_goes_on_where_it_was(window: Window, qtbot: QtBot) -> None:
    opened(qtbot, window, KEPT)
    arithmetic = window.arithmetic.widget()
    assert isinstance(arithmetic, Arithmetic)
    qtbot.waitUntil(lambda: arithmetic.step is not None and arithmetic.step.place == WHOLE.way[1])
    arithmetic.go_back()
    qtbot.waitUntil(lambda: arithmetic.step is not None and arithmetic.step.place == WHOLE.way[0])


@pytest.mark.parametrize(
    "place",
    [
        Place(Stage.WEIGHT, name="no such weight"),
        Place(Stage.WEIGHT, name="bert.pooler.dense.bias", column=2**31 - 1),
        Place(Stage.ATTENTION, 2**31 - 1),
        Place(Stage.MLM, 6, row=2, column=2**31 - 1),
        Place(Stage.SEGMENT, row=2**31 - 1),
    ],
)
def test_a_number_that_is_not_there_is_a_sentence_in_the_dock(
    window: Window, qtbot: QtBot, tmp_path: Path, place: Place
) -> None:
    opened(qtbot, window, written(tmp_path, dataclasses.replace(WHOLE, way=(place,) * 1_000)))
    settled(qtbot, window)
    arithmetic = window.arithmetic.widget()
    assert isinstance(arithmetic, Arithmetic)
    assert arithmetic.step is None
    assert "no such number" in arithmetic.hint.text()


def test_opening_a_session_is_undone_like_any_question(window: Window, qtbot: QtBot, answered: Answered) -> None:
    opened(qtbot, window, KEPT)
    answered(window.workspace.undo)
    assert window.workspace.scenario == PAIR


# What is set in the tabs


def turned(window: Window, qtbot: QtBot) -> None:
    """Every control that a session keeps is set by hand, one tab after the other."""
    pages = window.pages
    tokens, attention = cast(TokensTab, pages["tokens"]), cast(AttentionTab, pages["attention"])
    embeddings, layers = cast(EmbeddingsTab, pages["embeddings"]), cast(LayersTab, pages["layers"])
    masked, pair = cast(MaskedLMTab, pages["masked-lm"]), cast(NextSentenceTab, pages["next-sentence"])
    pretrain = cast(PretrainTab, pages["pretrain"])

    def on(name: str, *acts: Callable[[], object]) -> None:
        window.show_tab(name)
        settled(qtbot, window)
        for act in acts:
            act()
            settled(qtbot, window)

    on("tokens", tokens.follows.click, lambda: tokens.length.number.setValue(20))
    on("tokens", lambda: tokens.vocabulary.search.setText("ing"), lambda: tokens.vocabulary.table.turn(PIECE))
    on("embeddings", lambda: embeddings.show_view(embeddings.cosines), lambda: embeddings.cosines.stage.choose(2))
    ways = attention.one.ways
    on("attention", lambda: ways.of.setCurrentIndex(ways.of.findData("rollout")), ways.words.click, ways.without.click)
    on("attention", lambda: ways.face.choose(1), lambda: ways.slider.setValue(80), lambda: attention.scale.choose(1))
    on("attention", lambda: attention.heads.sort.setCurrentIndex(attention.heads.sort.findData("sep")))
    on("layers", lambda: layers.show_view(layers.predictions), lambda: layers.predictions.word.setText("cat"))
    on("layers", lambda: layers.show_view(layers.senses), lambda: layers.senses.second.setText("A dog barks."))
    on("masked-lm", lambda: masked.predictions.word.setText("cat"), lambda: masked.show_view(masked.corruptor))
    on("masked-lm", lambda: masked.corruptor.rates.numbers["masked"].setValue(50))
    on("next-sentence", lambda: pair.show_view(pair.paragraph), lambda: pair.paragraph.text.setPlainText("One. Two."))
    pretrain.desk.form.hold(True)  # nothing is measured meanwhile
    on("pretrain", lambda: pretrain.desk.curves.choose("accuracy"), pretrain.desk.curves.log.click)
    pretrain.desk.training.follow(False)


CONTROLS = {
    "tokens": {"follows": False, "length": 20, "search": "ing", "sorting": 2},
    "embeddings": {"TokenCosines.stage": 2},
    "attention": {
        "of": "rollout",
        "words": True,
        "without": True,
        "face": 1,
        "share": 80,
        "scale": 1,
        "sort": "sep",
    },
    "layers": {"LayerPredictions.word": "cat", "LayerSenses.second": "A dog barks."},
    "masked-lm": {"Predictions.word": "cat", "Corruptor.rates": "15 50 25 25"},
    "next-sentence": {"ParagraphGrid.text": "One. Two."},
    "pretrain": {"quantity": "accuracy", "log": True},
}


def test_what_was_set_in_every_tab_is_set_again(window: Window, other: Window, qtbot: QtBot, tmp_path: Path) -> None:
    turned(window, qtbot)
    before = shown(window)
    assert before.controls == CONTROLS
    opened(qtbot, other, written(tmp_path, before))
    assert shown(other) == before
    for name, page in other.pages.items():
        other.show_tab(name)
        if isinstance(page, PretrainTab):
            page.desk.form.hold(True)
        settled(qtbot, other)
        for view in page.views if isinstance(page, SwitchedPage) else ():
            page.show_view(view)
            settled(qtbot, other)
        values = {
            owner + part: kept._parts[part].get() for owner, kept in page.keepers().items() for part in kept._parts
        }
        assert values | CONTROLS[name] == values
    cast(PretrainTab, other.pages["pretrain"]).desk.training.follow(False)
    assert cast(AttentionTab, other.pages["attention"]).one.edges.isVisibleTo(other.pages["attention"])


def test_a_session_without_a_setting_puts_it_back(window: Window, qtbot: QtBot) -> None:
    window.show_tab("attention")
    settled(qtbot, window)
    page = cast(AttentionTab, window.pages["attention"])
    page.one.ways.words.click()
    page.heads.sort.setCurrentIndex(3)
    settled(qtbot, window)
    opened(qtbot, window, KEPT)
    window.show_tab("attention")
    settled(qtbot, window)
    assert not page.one.ways.words.isChecked()
    assert page.heads.sort.currentIndex() == 0


def test_settings_that_this_version_does_not_have_are_passed_over(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    odd = {"attention": {"of": "sum", "face": 99, "words": "yes", "new": 3}, "dreams": {"deep": True}}
    opened(qtbot, window, written(tmp_path, dataclasses.replace(WHOLE, tab="attention", controls=odd)))
    settled(qtbot, window)
    ways = cast(AttentionTab, window.pages["attention"]).one.ways
    assert (ways.of.currentIndex(), ways.face.current, ways.words.isChecked()) == (0, 1, False)
    assert warned(window) == ""


@pytest.mark.parametrize("side", list(Shown))
def test_the_pinned_answer_comes_back_with_what_is_on_screen_of_both(
    window: Window, other: Window, qtbot: QtBot, answered: Answered, tmp_path: Path, side: Shown
) -> None:
    textbook = next(folder for folder in bundled() if folder.name == "textbook")
    answered(lambda: window.workspace.open_model(textbook, Scenario("my dog is cute").mask(2)))
    window.workspace.pin()
    answered(lambda: window.workspace.ask(Scenario("he is cute")))
    if side is not Shown.NOW:
        answered(lambda: window.workspace.compare(side))
    window.workspace.select(token=3)
    window.show_tab("attention")
    settled(qtbot, window)
    before = shown(window)
    opened(qtbot, other, written(tmp_path, before))
    settled(qtbot, other)
    assert shown(other) == before
    pinned = other.workspace.pinned
    assert pinned is not None
    assert pinned.trace.scenario == Scenario("my dog is cute").mask(2)
    assert other.workspace.shown is side
    assert other.workspace.clicked.token == 3
    assert other.page.compared.isVisible()
    assert other.page.compared.current == side


def test_a_session_without_a_pinned_answer_lets_go_of_it(window: Window, qtbot: QtBot, answered: Answered) -> None:
    window.workspace.pin()
    answered(lambda: window.workspace.compare(Shown.DIFFERENCE))
    opened(qtbot, window, KEPT)
    assert window.workspace.pinned is None
    assert shown(window) == WHOLE


def test_a_pinned_model_that_is_gone_is_a_sentence_and_the_rest_opens(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    gone = dataclasses.replace(WHOLE, pinned=Asked(PAIR, folder=(tmp_path / "gone").absolute()), shown=Shown.DIFFERENCE)
    opened(qtbot, window, written(tmp_path, gone))
    assert warned(window).startswith("What was pinned is gone. ")
    assert shown(window) == WHOLE


# At the next start


def test_the_next_start_shows_what_the_last_did(
    window: Window, qtbot: QtBot, settings: Settings, other: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, KEPT)
    window.close()
    settled(qtbot, window)
    monkeypatch.setattr(other.sessions, "_settings", settings)
    with qtbot.waitSignal(other.workspace.answered, timeout=30_000):
        other.sessions.start(None, None)
    assert shown(other) == WHOLE


def test_the_first_start_asks_the_chapters_pair(other: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(other.workspace.answered, timeout=30_000):
        other.sessions.start(None, None)
    assert other.workspace.scenario == PAIR


def test_a_model_that_is_asked_for_goes_before_the_last_session(other: Window, qtbot: QtBot) -> None:
    session.write(other.settings.last_session, WHOLE)
    textbook = next(folder for folder in bundled() if folder.name == "textbook")
    with qtbot.waitSignal(other.workspace.answered, timeout=30_000):
        other.sessions.start(textbook, None)
    assert other.workspace.bert is not None
    assert other.workspace.bert.name == "textbook"
    assert other.workspace.scenario == Scenario(PAIR.first, PAIR.second)


def test_a_session_that_is_asked_for_goes_before_the_last_one(other: Window, qtbot: QtBot, tmp_path: Path) -> None:
    session.write(other.settings.last_session, WHOLE)
    asked = dataclasses.replace(WHOLE, scenario=Scenario("Something else"))
    with qtbot.waitSignal(other.workspace.answered, timeout=30_000):
        other.sessions.start(None, written(tmp_path, asked))
    assert other.workspace.scenario == Scenario("Something else")


def test_at_the_start_the_starter_stands_in_for_a_model_that_is_gone(other: Window, qtbot: QtBot) -> None:
    gone = dataclasses.replace(WHOLE, bundled="", folder=Path("/nowhere/mine").absolute())
    session.write(other.settings.last_session, gone)
    with qtbot.waitSignal(other.sessions.failed, timeout=30_000):
        other.sessions.start(None, None)
    assert "mine" in warned(other)
    assert shown(other) == WHOLE  # the question, and all of it


def test_at_the_start_a_broken_session_gives_way_to_the_starter(other: Window, qtbot: QtBot) -> None:
    other.settings.last_session.parent.mkdir()
    other.settings.last_session.write_text("{")
    with qtbot.waitSignal(other.sessions.failed, timeout=30_000):
        other.sessions.start(None, None)
    assert "last.bertx is no session" in warned(other)
    assert other.workspace.scenario == PAIR


# What is broken


def change(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda whole: whole.update(fields)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (change(schema=2), "later version"),
        (change(schema="1"), "'1'"),
        (change(schema=True), "True"),
        (change(model={"bundled": 3}), "3"),
        (change(model={}), "'bundled'"),
        (change(model={"folder": "../starter"}), "whole path"),
        (change(model={"folder": "/models\0/starter"}), "whole path"),
        (change(model={"folder": "/\ud800"}), "whole path"),
        (change(scenario="My dog is cute"), "'My dog is cute'"),
        (change(scenario={"schema": 1}), "'first'"),
        (change(tokens={}), "{}"),
        (change(tab=None), "None"),
        (change(views=[]), "[]"),
        (change(selection={"token": -1, "head": None, "cell": None}), "-1"),
        (change(selection={"token": None, "head": [1, 2, 3], "cell": None}), "[1, 2, 3]"),
        (change(dock="above"), "'above'"),
        (change(way=[{"stage": "THOUGHT"}]), "'THOUGHT'"),
        (change(controls=[]), "[]"),
        (change(controls={"tokens": {"length": 2.5}}), "2.5"),
        (change(controls={"tokens": {"length": 10**30}}), "100000000"),
        (change(controls={"next-sentence": {"ParagraphGrid.text": "a" * 200_001}}), "aaaa"),
        (change(pinned={"model": {"bundled": "starter"}}), "'scenario'"),
        (change(shown="both"), "'both'"),
        (change(way=[{"stage": "NSP", "layer": 10**30}]), "100000000"),
        (lambda whole: whole.pop("tab"), "'tab'"),
        (lambda whole: whole["scenario"].update(first="a" * 20_001), "longer"),
    ],
)
def test_a_broken_session_is_a_sentence_that_says_why(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], why: str
) -> None:
    whole = json.loads(WHOLE.to_json())
    spoil(whole)
    file = tmp_path / "broken.bertx"
    file.write_text(json.dumps(whole))
    with pytest.raises(ValueError, match=r"broken\.bertx is no session that can be opened: ") as said:
        session.read(file)
    assert why in str(said.value)
    assert str(said.value).count("\n") == 0
    assert str(said.value).endswith(".")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{", b"[" * 100_000, b"[]", b"{}", b"nul", b" " * 5_000_000])
def test_what_is_no_session_leaves_the_window_as_it_was(
    window: Window, qtbot: QtBot, tmp_path: Path, content: bytes
) -> None:
    before, file = shown(window), tmp_path / "broken.bertx"
    file.write_bytes(content)
    with qtbot.waitSignal(window.sessions.failed, timeout=10_000):
        window.sessions.open(file)
    assert "broken.bertx" in warned(window)
    assert shown(window) == before


@pytest.mark.parametrize("lacking", ["nowhere.bertx", "nowhere/" * 2_000, "a\0b.bertx"])
def test_a_file_that_is_not_there_is_a_sentence(window: Window, qtbot: QtBot, tmp_path: Path, lacking: str) -> None:
    with qtbot.waitSignal(window.sessions.failed, timeout=10_000):
        window.sessions.open(tmp_path / lacking)
    assert warned(window).startswith(str(tmp_path))
    assert warned(window).endswith(".")


@pytest.mark.parametrize("where", [{"bundled": "../../etc"}, {"bundled": ""}, {"folder": "/dev/null"}, {"folder": "/"}])
def test_a_session_whose_model_is_gone_leaves_the_window_as_it_was(
    window: Window, qtbot: QtBot, tmp_path: Path, where: dict[str, str]
) -> None:
    before = shown(window)
    with qtbot.waitSignal(window.workspace.refused, timeout=10_000):
        window.sessions.open(written(tmp_path, WHOLE, model=where))
    assert warned(window)
    assert shown(window) == before
    assert window.workspace.scenario == PAIR


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_PLACES = (
    "schema",
    "model",
    "scenario",
    "tokens",
    "tab",
    "views",
    "selection",
    "dock",
    "way",
    "controls",
    "pinned",
    "shown",
)


@given(place=st.sampled_from(_PLACES), inner=st.sampled_from(["", "folder", "first", "edits", "cell"]), value=_JSON)
@tried(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_value_in_any_place_is_read_or_refused(tmp_path: Path, place: str, inner: str, value: object) -> None:
    whole = json.loads(WHOLE.to_json())
    if inner and isinstance(whole[place], dict):
        whole[place][inner] = value
    else:
        whole[place] = value
    file = tmp_path / "any.bertx"
    file.write_text(json.dumps(whole))
    _read_or_refused(file)


@given(start=st.integers(0, 900), length=st.integers(0, 900), instead=st.binary(max_size=20))
@tried(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, start: int, length: int, instead: bytes) -> None:
    whole, file = KEPT.read_bytes(), tmp_path / "damaged.bertx"
    file.write_bytes(whole[:start] + instead + whole[start + length :])
    _read_or_refused(file)


def _read_or_refused(file: Path) -> None:
    try:
        found = session.read(file)
    except ValueError as error:
        assert str(error).startswith(f"{file} is no session that can be opened: ")  # noqa: PT017
    else:
        assert Session.from_json(found.to_json()) == found


@given(
    scenario=st.builds(
        Scenario,
        first=st.text(max_size=20),
        second=st.text(max_size=20),
        flips=st.frozensets(st.integers(0, 10**30)),
        heads_off=st.frozensets(st.tuples(st.integers(0, 99), st.integers(0, 99))),
    ),
    numbers=st.tuples(*[st.integers(0, 2**31 - 1)] * 5),
)
def test_every_session_that_can_be_written_is_read_back(scenario: Scenario, numbers: tuple[int, ...]) -> None:
    found = Session(scenario, folder=Path("/a b/ü"), token=numbers[0], head=numbers[1:3], cell=numbers[3:])  # type: ignore[arg-type]
    assert Session.from_json(found.to_json()) == found


# A model that is another than when the session was saved


def another_vocabulary(starter_folder: Path, tmp_path: Path) -> Path:
    """The starter with its pieces in other rows: "dog" is no entry any more."""
    folder = tmp_path / "another"
    shutil.copytree(starter_folder, folder)
    (folder / "tokenizer.json").unlink(missing_ok=True)
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    lines[lines.index("dog")] = "thingummy"
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_another_vocabulary_keeps_the_texts_and_says_that_edits_are_gone(
    window: Window, qtbot: QtBot, starter_folder: Path, tmp_path: Path
) -> None:
    folder = another_vocabulary(starter_folder, tmp_path)
    opened(qtbot, window, written(tmp_path, WHOLE, model={"folder": str(folder)}))
    trace = window.workspace.trace
    assert trace is not None
    assert trace.inputs.originals != TOKENS
    assert trace.scenario == dataclasses.replace(QUESTION, edits=(), flips=frozenset())
    assert "another than when the session was saved" in window.strip.note.text()
    chosen = window.workspace.clicked
    assert (chosen.token, chosen.head, chosen.cell) == (None, (3, 5), None)


def test_what_was_switched_off_goes_where_the_model_has_no_such_layer(starter: Bert) -> None:
    for scenario in (PAIR.toggle_layer(99), PAIR.toggle_head(0, 99)):
        assert dataclasses.replace(WHOLE, scenario=scenario).fitted(starter) == (PAIR, False)
    assert WHOLE.fitted(starter) == (QUESTION, True)


def test_a_piece_that_the_vocabulary_lacks_takes_the_edits_with_it(starter: Bert) -> None:
    scenario = PAIR.mask(1).replace(2, "no such piece")
    assert dataclasses.replace(WHOLE, scenario=scenario).fitted(starter) == (PAIR, False)


@pytest.mark.parametrize("name", ["textbook", "left-to-right"])
def test_a_question_that_another_model_cannot_be_asked_still_opens(
    window: Window, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    opened(qtbot, window, written(tmp_path, WHOLE, model={"bundled": name}))
    settled(qtbot, window)
    assert window.workspace.bert is not None
    assert window.workspace.bert.name == name
    assert window.workspace.scenario.first == PAIR.first


@pytest.mark.parametrize("position", [11, 10**30])
def test_a_position_that_is_not_there_is_a_sentence(
    window: Window, qtbot: QtBot, tmp_path: Path, position: int
) -> None:
    far = dataclasses.replace(WHOLE, scenario=PAIR.mask(position), token=11, head=(11, 0), cell=(0, 11))
    opened(qtbot, window, written(tmp_path, far))
    settled(qtbot, window)
    assert warned(window)
    chosen = window.workspace.clicked
    assert (chosen.token, chosen.head, chosen.cell) == (None, None, None)


def test_a_session_holds_the_present_question_while_the_pinned_answer_is_seen(
    window: Window, answered: Answered
) -> None:
    workspace = window.workspace
    workspace.pin()
    answered(lambda: workspace.edit(lambda scenario: scenario.mask(2)))
    answered(lambda: workspace.compare(Shown.PINNED))
    assert shown(window).scenario == PAIR.mask(2)
