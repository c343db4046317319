"""What one types into the form is the recipe that is run; what cannot be is said where it was typed."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QProcess, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.corpus_editor import OWN
from explorer.widgets.recipe_cost import Cost
from explorer.widgets.recipe_fields import named
from explorer.widgets.recipe_form import RecipeForm
from explorer.widgets.scroll import Scroll
from explorer.widgets.setting_editors import stepped, written
from explorer.workspace import Workspace
from model.training.recipe import CorpusRecipe, NetworkRecipe, Phase, Recipe, VocabularyRecipe, setting
from tests.explorer.tabs.conftest import plain

ROOT = Path(__file__).parents[3]
RECIPES = ROOT / "resources" / "recipes"
TABLES = {"": Recipe, "corpus.": CorpusRecipe, "vocabulary.": VocabularyRecipe, "network.": NetworkRecipe}
COST = {"parameters": 1_234_567, "memory": 96_000_000, "steps": 3_000, "tokens": 6_144_000, "seconds": 184.0}

Make = Callable[..., RecipeForm]


def saying(output: str = "", errors: str = "", code: int = 0, seconds: float = 0.0) -> list[str]:
    """The arguments with which Python says something and ends with ``code`` after a time."""
    program = (
        f"import sys, time; time.sleep({seconds}); print({output!r}); sys.stderr.write({errors!r}); sys.exit({code})"
    )
    return ["-S", "-c", program]


@pytest.fixture
def make(qtbot: QtBot, workspace: Workspace, light: None) -> Make:
    """Makes a form whose measurement is a process that says what the test wants."""

    def make(arguments: list[str] | None = None) -> RecipeForm:
        def command(*words: str) -> tuple[str, list[str]]:
            return sys.executable, [str(ROOT / "main.py"), *words] if arguments is None else arguments

        form = RecipeForm(workspace.worker, command)
        qtbot.addWidget(form)
        return form

    return make


@pytest.fixture
def form(make: Make) -> RecipeForm:
    return make()


@pytest.fixture
def settle(qtbot: QtBot, workspace: Workspace) -> Callable[[], None]:
    """Waits until the worker has nothing left to do."""
    return lambda: qtbot.waitUntil(lambda: workspace.worker.is_idle, timeout=5_000)


def part(form: RecipeForm, key: str) -> QWidget:
    """What ``key`` is typed into."""
    row = form.fields.rows[key]
    return row.editor.parts[row.keys.index(key)]


def type_in(qtbot: QtBot, form: RecipeForm, key: str, text: str) -> None:
    edit = part(form, key)
    assert isinstance(edit, QLineEdit | QPlainTextEdit)
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_Delete)
    qtbot.keyClicks(edit, text)


def said_below(form: RecipeForm, key: str) -> str:
    label = form.fields.rows[key].sentence
    return "" if label is None or label.isHidden() else label.text().replace("\u200b", "")


def is_marked(form: RecipeForm, key: str) -> bool:
    return bool(part(form, key).property("invalid"))


def drop(form: RecipeForm, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    form.dropEvent(QDropEvent(QPointF(5, 5), action, data, button, key))


EVERYTHING = Recipe(
    objective="mlm",
    length=33,
    batch=7,
    accumulation=2,
    minutes=2.5,
    optimizer="muon",
    learning_rate=1.5e-4,
    warmup=0.2,
    hold=0.3,
    decay="cosine",
    weight_decay=0.1,
    beta1=0.8,
    beta2=0.999,
    epsilon=1e-12,
    clip=0.5,
    chosen=0.2,
    masked=0.7,
    replaced=0.2,
    short_share=0.05,
    bare_share=0.4,
    same_word=0.2,
    precision="float32",
    seed=2**63 - 1,
    log_steps=3,
    validate_steps=1_000,
    validate_rows=64,
    snapshot_steps=12_345,
    save_seconds=7.5,
    corpus=CorpusRecipe(("/texts/a b.txt", "/texts/ö"), 12, 0.125, {"a b": 2.0, "c=d": 0.5}),
    vocabulary=VocabularyRecipe(1_000, "/models/one", lowercase=False, words=("dog", "ö"), keep_inflections=False),
    network=NetworkRecipe("small", 3, 5, 40, 99, 77, 0.1),
    phases=(Phase(0.25, weights={"a b": 3.0}), Phase(0.75, length=48, batch=2, chosen=0.3)),
)


@pytest.mark.parametrize("name", ["little-world", "textbook"])
def test_a_shipped_recipe_is_what_its_file_says(form: RecipeForm, qtbot: QtBot, name: str) -> None:
    choice = form.preset.choice
    choice.setCurrentIndex(choice.findData(name))
    with qtbot.waitSignal(form.changed):
        choice.activated.emit(choice.currentIndex())
    assert form.recipe() == Recipe.read(RECIPES / f"{name}.toml")
    assert choice.currentData() == name
    assert form.name == name


def test_every_size_can_be_chosen(form: RecipeForm) -> None:
    choice = form.preset.choice
    for place in range(choice.count()):
        choice.setCurrentIndex(place)
        choice.activated.emit(place)
        recipe = form.recipe()
        assert recipe is not None
        assert recipe.network.preset in (choice.currentData(), "tiny", "textbook")


def test_a_recipe_that_predicts_the_next_token_comes_back(form: RecipeForm, settle: Callable[[], None]) -> None:
    causal = dataclasses.replace(EVERYTHING, objective="causal", same_word=0.0)
    form.show_recipe(causal, "causal")
    settle()
    assert form.fields.check() == causal


def test_a_recipe_with_no_value_left_as_it_was_comes_back(form: RecipeForm, settle: Callable[[], None]) -> None:
    form.show_recipe(EVERYTHING, "all")
    settle()
    recipe = form.fields.check()  # its paths are those of another machine
    assert recipe == EVERYTHING
    usual = vars(Recipe(steps=1, corpus=CorpusRecipe(little_world=1)))
    same = [key for key, value in vars(EVERYTHING).items() if value == usual[key]]
    assert same == ["start_from"]  # it and vocabulary.model cannot both be


def test_every_setting_has_one_editor_that_says_what_it_means(form: RecipeForm) -> None:
    keys = {f"{table}{of.name}": of for table, kind in TABLES.items() for of in dataclasses.fields(kind)}
    of_settings = {key: of for key, of in keys.items() if "setting" in of.metadata}
    assert form.fields.rows.keys() == {*of_settings, "phases"}
    for key, of in of_settings.items():
        if key not in ("corpus.files", "corpus.little_world", "minutes"):
            assert part(form, key).toolTip() == part(form, key).accessibleDescription() == setting(of).meaning
        assert part(form, key).accessibleName()
    assert part(form, "learning_rate").accessibleName() == "Learning rate"


def test_what_is_typed_is_the_recipe(form: RecipeForm, qtbot: QtBot) -> None:
    before = form.recipe()
    assert before is not None
    type_in(qtbot, form, "batch", "1,024")
    type_in(qtbot, form, "learning_rate", "2e-3")
    assert form.recipe() == dataclasses.replace(before, batch=1_024, learning_rate=2e-3)
    assert form.preset.choice.currentIndex() == -1
    type_in(qtbot, form, "batch", "32")
    type_in(qtbot, form, "learning_rate", "0.003")
    assert form.preset.choice.currentData() == "little-world"


def test_it_runs_for_steps_or_for_minutes(form: RecipeForm, qtbot: QtBot) -> None:
    unit = form.fields.rows["steps"].editor.unit  # type: ignore[attr-defined]
    unit.setCurrentIndex(0)
    unit.activated.emit(0)
    type_in(qtbot, form, "steps", "1234")
    recipe = form.recipe()
    assert recipe is not None
    assert (recipe.steps, recipe.minutes) == (1_234, 0.0)
    type_in(qtbot, form, "steps", "0")
    assert said_below(form, "steps") == "Say how long it trains: a number above 0."
    unit.setCurrentIndex(1)
    unit.activated.emit(1)
    recipe = form.recipe()
    assert recipe is not None
    assert (recipe.steps, recipe.minutes) == (0, 5.0)


def test_what_cannot_be_is_marked_where_it_was_typed_and_stays(form: RecipeForm, qtbot: QtBot) -> None:
    type_in(qtbot, form, "batch", "many")
    type_in(qtbot, form, "length", "3")
    assert form.recipe() is None
    edit = part(form, "batch")
    assert isinstance(edit, QLineEdit)
    assert edit.text() == "many"
    assert said_below(form, "batch") == "batch must be a whole number, not 'many'."
    assert said_below(form, "length") == "length must be at least 5, not 3."
    assert [key for key in form.fields.rows if is_marked(form, key)] == ["length", "batch"]
    assert "Length, Batch" in plain(form.cost.line.text())
    type_in(qtbot, form, "batch", "8")
    type_in(qtbot, form, "length", "16")
    assert form.recipe() is not None
    assert not is_marked(form, "batch")
    assert said_below(form, "batch") == ""


def test_a_length_that_the_network_cannot_read_is_marked(form: RecipeForm, qtbot: QtBot) -> None:
    type_in(qtbot, form, "length", "600")
    assert said_below(form, "length").startswith("length 600 is more than network.max_length 512")


def test_what_concerns_several_settings_stands_at_the_foot(form: RecipeForm, qtbot: QtBot) -> None:
    form.fields.more.unfold()
    type_in(qtbot, form, "masked", "0.95")
    assert is_marked(form, "masked")
    assert is_marked(form, "replaced")
    assert form.fields.foot.text().startswith("masked and replaced add up to more than 1")
    assert said_below(form, "masked") == ""


@pytest.mark.parametrize(
    ("sentence", "keys"),
    [
        ("length must be at least 5: [CLS], a token, …", ["length"]),
        ("length 600 is more than network.max_length 512: lower it, or raise that.", ["length"]),
        ("warmup and hold add up to more than 1: …", ["warmup", "hold"]),
        ("network.hidden_size and network.heads do not fit: 10 over 3.", ["network.hidden_size", "network.heads"]),
        ("phases[2].share must be between 0 and 1, not 3.", ["phases"]),
        ("The shares of the phases must add up to 1: change the share of one.", ["phases"]),
        ("start_from and vocabulary.model are both set: …", ["start_from", "vocabulary.model"]),
        ("Set either steps or minutes, and leave the other one out.", ["steps", "minutes"]),
        ("Something else is wrong.", []),
    ],
)
def test_a_sentence_is_said_where_the_keys_are_that_it_names(form: RecipeForm, sentence: str, keys: list[str]) -> None:
    assert named(sentence, form.fields.rows) == keys


def test_phases_are_checked_as_one_types(form: RecipeForm) -> None:
    box = part(form, "phases")
    assert isinstance(box, QPlainTextEdit)
    box.setPlainText("[[phases]]\nshare = 0.5")
    assert "add up to 1" in said_below(form, "phases")
    box.setPlainText("[[phases]]\nshare = ")
    assert said_below(form, "phases").startswith("phases is not valid TOML")
    box.setPlainText("share = 1.0")
    assert "write [[phases]]" in said_below(form, "phases")
    box.setPlainText("[[phases]]\nshare = 0.5\nlenght = 3\n[[phases]]\nshare = 0.5")
    assert "did you mean length?" in said_below(form, "phases")
    box.setPlainText("[[phases]]\nshare = 0.5\nlength = 32\n[[phases]]\nshare = 0.5")
    recipe = form.recipe()
    assert recipe is not None
    assert recipe.phases == (Phase(0.5, length=32), Phase(0.5))


def test_a_text_that_is_not_there_is_refused_until_it_is(
    form: RecipeForm, qtbot: QtBot, tmp_path: Path, settle: Callable[[], None]
) -> None:
    file = tmp_path / "mine.txt"
    drop(form, file)
    settle()
    assert form.recipe() is None
    assert said_below(form, "corpus.files").startswith(f"There is no file {file}")
    file.write_text("Here it is.", encoding="utf-8")
    type_in(qtbot, form, "batch", "8")
    settle()
    recipe = form.recipe()
    assert recipe is not None
    assert recipe.corpus.files == (str(file),)


def test_texts_that_are_dropped_take_the_place_of_little_world(
    form: RecipeForm, tmp_path: Path, settle: Callable[[], None]
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("A text.", encoding="utf-8")
    drop(form, tmp_path / "a.txt")
    drop(form, tmp_path / "b.txt", tmp_path / "a.txt")
    settle()
    recipe = form.recipe()
    assert recipe is not None
    assert recipe.corpus.files == (str(tmp_path / "a.txt"), str(tmp_path / "b.txt"))
    assert recipe.corpus.little_world == 0
    assert not any(widget.acceptDrops() for widget in form.findChildren(QWidget))


def test_own_text_without_a_file_says_what_to_do(form: RecipeForm) -> None:
    kind = form.fields.rows["corpus.files"].editor.kind  # type: ignore[attr-defined]
    kind.setCurrentIndex(OWN)
    kind.activated.emit(OWN)
    assert said_below(form, "corpus.files").startswith("corpus.files is empty: name text files")


def test_a_recipe_that_is_dropped_is_loaded(form: RecipeForm, tmp_path: Path, settle: Callable[[], None]) -> None:
    file = tmp_path / "other.toml"
    file.write_text(dataclasses.replace(EVERYTHING, corpus=CorpusRecipe(little_world=5)).to_toml(), encoding="utf-8")
    drop(form, file)
    settle()
    assert form.recipe() == Recipe.read(file)
    assert form.name == "other"


def test_a_recipe_that_cannot_be_read_leaves_the_form_as_it_is(
    form: RecipeForm, tmp_path: Path, settle: Callable[[], None]
) -> None:
    before, file = form.recipe(), tmp_path / "other.toml"
    file.write_text("bacth = 3", encoding="utf-8")
    form.load(file)
    settle()
    assert "bacth is no key of a recipe: did you mean batch?" in form.notice.text()
    form.load(tmp_path / "none.toml")
    settle()
    assert "none.toml" in form.notice.text()
    assert form.recipe() == before


def test_the_command_does_the_run_that_was_saved(
    form: RecipeForm, qtbot: QtBot, tmp_path: Path, settle: Callable[[], None]
) -> None:
    file = tmp_path / "my recipe.toml"
    form.save(file)
    settle()
    form.copy_command()
    command = shlex.split(QGuiApplication.clipboard().text())
    assert command == [sys.executable, str(ROOT / "main.py"), "pretrain", str(file), "--name", "little-world"]
    assert Recipe.read(file) == form.recipe()
    type_in(qtbot, form, "batch", "none")
    form.copy_command()
    assert "cannot be" in form.notice.text()


def test_a_vocabulary_that_is_given_cannot_be_sized(form: RecipeForm, qtbot: QtBot) -> None:
    form.fields.more.unfold()
    type_in(qtbot, form, "vocabulary.model", "/models/one")
    assert said_below(form, "vocabulary.size") == "Taken from one: see More."
    assert not part(form, "vocabulary.size").isEnabled()
    assert part(form, "network.preset").isEnabled()


def test_an_empty_size_says_what_the_preset_gives(form: RecipeForm, qtbot: QtBot) -> None:
    layers, heads = part(form, "network.layers"), part(form, "network.heads")
    assert isinstance(layers, QLineEdit)
    assert isinstance(heads, QLineEdit)
    assert (layers.text(), layers.placeholderText()) == ("", "2")
    type_in(qtbot, form, "network.hidden_size", "256")
    assert heads.placeholderText() == "4"  # 64 numbers each


# Numbers


@pytest.mark.parametrize(
    ("number", "text"), [(60_000, "60,000"), (0.0005, "0.0005"), (1e-6, "1e-6"), (120.0, "120"), (1e22, "1e22")]
)
def test_numbers_are_written_as_one_types_them(number: float, text: str) -> None:
    assert written(number) == text


def test_arrow_keys_change_the_second_figure() -> None:
    assert [stepped(64, 1), stepped(60_000, -1), stepped(5, 1), stepped(0, 1)] == [65, 59_000, 6, 1]
    assert [stepped(5e-4, 1), stepped(0.15, -1), stepped(0.0, 1)] == [5.1e-4, 0.14, 0.01]


def test_arrow_keys_stay_within_what_can_be(form: RecipeForm, qtbot: QtBot) -> None:
    type_in(qtbot, form, "batch", "2")
    for _ in range(3):
        qtbot.keyClick(part(form, "batch"), Qt.Key.Key_Down)
    recipe = form.recipe()
    assert recipe is not None
    assert recipe.batch == 1


def test_the_wheel_scrolls_on_over_a_choice(form: RecipeForm) -> None:
    choice = part(form, "objective")
    where, turned = QPointF(5, 5), QPoint(0, -120)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(where, where, QPoint(), turned, none, Qt.KeyboardModifier.NoModifier, phase, False)
    QApplication.sendEvent(choice, event)
    assert not event.isAccepted()
    recipe = form.recipe()
    assert recipe is not None
    assert recipe.objective == "mlm+nsp"


# Cost


def test_parameters_are_said_at_once_and_the_rest_when_measured(make: Make, qtbot: QtBot) -> None:
    form = make(saying(f"a line before\n{json.dumps(COST)}"))
    assert plain(form.cost.line.text()) == "573,530 parameters · measuring memory and time …"
    with qtbot.waitSignal(form.cost.measured, timeout=10_000):
        form.show()
    assert form.cost.cost == Cost(**COST)  # type: ignore[arg-type]
    said = "1.2 M parameters · 96 MB of memory · about 3 min here · 3,000 steps · 6.1 M tokens"
    assert plain(form.cost.line.text()) == said


def test_why_nothing_was_measured_is_said(make: Make, qtbot: QtBot) -> None:
    form = make(saying(errors="Traceback\nThere is <not> enough memory: lower batch.\n", code=2))
    form.show()
    qtbot.waitUntil(lambda: "There is <not> enough memory" in plain(form.cost.line.text()), timeout=10_000)


def test_a_change_ends_the_measurement_and_begins_another(make: Make, qtbot: QtBot) -> None:
    form = make(saying(json.dumps(COST), seconds=30))
    form.show()
    qtbot.waitUntil(lambda: form.cost.findChild(QProcess) is not None, timeout=5_000)
    first = form.cost.findChild(QProcess)
    assert first is not None
    with qtbot.waitSignal(first.destroyed, timeout=5_000):
        type_in(qtbot, form, "batch", "8")
    qtbot.waitUntil(lambda: form.cost.findChild(QProcess) is not None, timeout=5_000)
    second = form.cost.findChild(QProcess)
    assert second is not None
    with qtbot.waitSignal(second.destroyed, timeout=5_000):
        form.cancel()


def test_nothing_is_measured_unseen_or_while_held(make: Make, qtbot: QtBot) -> None:
    form = make(saying(json.dumps(COST)))
    form.hold(True)
    form.show()
    qtbot.wait(800)
    assert form.cost.cost is None
    assert plain(form.cost.line.text()) == "573,530 parameters"
    form.hold(False)
    form.hide()
    qtbot.wait(800)
    assert form.cost.cost is None
    with qtbot.waitSignal(form.cost.measured, timeout=10_000):
        form.show()


@pytest.mark.slow
def test_the_shipped_recipe_is_measured_here(form: RecipeForm, qtbot: QtBot) -> None:
    with qtbot.waitSignal(form.cost.measured, timeout=60_000):
        form.show()
    assert form.cost.cost is not None
    assert form.cost.cost.parameters == 573_530
    assert form.cost.cost.seconds == 300


# How it looks


@pytest.mark.parametrize("name", ["light", "dark"])
def test_it_stands_in_a_narrow_column(workspace: Workspace, qtbot: QtBot, light: None, name: theme.Theme) -> None:
    theme.apply(name)
    form = RecipeForm(workspace.worker, lambda *words: (sys.executable, saying(json.dumps(COST))))
    scroll = Scroll(form)
    qtbot.addWidget(scroll)
    form.fields.more.unfold()
    scroll.resize(260, 700)
    scroll.show()
    assert scroll.minimumSizeHint().width() <= 260
    assert form.width() <= scroll.viewport().width()
