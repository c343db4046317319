"""A question and all that was answered, as one HTML file that asks for nothing outside of itself."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from explorer.export import Sheet
from explorer.export_drawing import Drawing
from explorer.export_python import question
from explorer.widgets.figures import percent, signed

if TYPE_CHECKING:
    from explorer.theme import Palette
    from model.bert import Bert
    from model.trace import Trace

_SMALL = 240  # cells of a table that is written out
_TOP = 10  # candidates

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Figure:
    """One picture with what stands behind it."""

    heading: str
    drawing: Drawing
    sheet: Sheet
    python: str | None  # the lines that make the numbers of ``bert`` and ``trace``


@dataclass(frozen=True)
class Chapter:
    """What one tab has to say."""

    title: str
    question: str
    answer: str  # rich text, as the tab has it
    figures: tuple[Figure, ...]


def report(bert: Bert, trace: Trace, chapters: Sequence[Chapter], colours: Palette) -> Generator[float, None, bytes]:
    """On the worker: the file, a figure a pass. Yields the share that is done.

    Its policy forbids a browser to load anything: without a network it looks the same.
    """
    texts = " · ".join(filter(None, (trace.scenario.first, trace.scenario.second)))
    head = (
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset='utf-8'>\n"
        "<meta http-equiv='Content-Security-Policy' "
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        "<meta name='viewport' content='width=device-width'>\n"
        f"<title>{_text(texts)}</title>\n<style>{_style(colours)}</style>\n</head>\n<body>\n"
    )
    body = [f"<h1>{_text(texts)}</h1>", _asked(bert, trace), _predicted(bert, trace)]
    done, figures = 0, sum(len(chapter.figures) for chapter in chapters)
    for chapter in chapters:
        body.append(_opened(chapter))
        for figure in chapter.figures:
            yield done / figures
            done += 1
            body.append(_figure(figure))
        body.append("</section>")
    return (head + "\n".join(body) + "\n</body>\n</html>\n").encode()


def _asked(bert: Bert, trace: Trace) -> str:
    """The question, the model, and how to ask again."""
    config, lost = bert.config, (*trace.inputs.cut_first, *trace.inputs.cut_second)
    model = translate("Report", "{0}: {1} layers × {2} heads × {3}, {4} parameters, fingerprint {5}").format(
        bert.name,
        config.num_hidden_layers,
        config.num_attention_heads,
        config.hidden_size,
        f"{bert.parameters:,}",
        trace.fingerprint,
    )
    both, onward = translate("Report", "both ways"), translate("Report", "left-to-right")
    rows = [
        (translate("Report", "A"), trace.scenario.first),
        (translate("Report", "B"), trace.scenario.second),
        (translate("Report", "The model read"), " ".join(trace.tokens)),
        (translate("Report", "Attention"), both if trace.direction == "both" else onward),
        (translate("Report", "Model"), model),
        (translate("Report", "About the model"), " ".join(bert.notes)),
        (translate("Report", "Tokens that were cut"), " ".join(lost)),
        (translate("Report", "In Python"), question(trace.scenario)),
    ]
    cells = "".join(f"<tr><th>{_text(name)}</th><td>{_text(said)}</td></tr>" for name, said in rows if said)
    return f"<table class='facts'>{cells}</table>"


def _predicted(bert: Bert, trace: Trace) -> str:
    """What is expected at every position that was changed, or masked in the text; and whether B follows A."""
    from model.lens import masked_lm, next_sentence

    here, after = translate("Report", "Expected at position {0}, {1}"), translate("Report", "After position {0}, {1}")
    parts = []
    try:
        for position in masked_lm.asked(bert, trace) if bert.has_mlm else ():
            heading = (after if bert.config.is_decoder else here).format(position, trace.inputs.originals[position])
            parts.append(_words(heading, masked_lm.predictions(bert, trace, position, _TOP)))
        if bert.has_nsp and trace.pooled is not None and 1 in trace.inputs.texts:
            labels = zip(next_sentence.LABELS, next_sentence.probabilities(bert, trace), strict=True)
            parts.append(_words(translate("Report", "Does B follow A?"), labels))
    except ValueError as error:  # one whose weights are not finite
        parts.append(f"<p>{_text(str(error))}</p>")
    return f"<div class='row'>{''.join(parts)}</div>" if parts else ""


def _words(heading: str, shares: Iterable[tuple[str, float]]) -> str:
    rows = "".join(f"<tr><td>{_text(word)}</td><td>{percent(share)}</td></tr>" for word, share in shares)
    return f"<table><caption>{_text(heading)}</caption>{rows}</table>"


def _opened(chapter: Chapter) -> str:
    """Its beginning, up to the figures."""
    question = f"<p class='question'>{_text(chapter.question)}</p>"
    return f"<section>\n<h2>{_text(chapter.title)}</h2>\n{question}\n<p>{chapter.answer}</p>"


def _figure(figure: Figure) -> str:
    """The picture, and folded up below it its numbers, where they are few, and the Python that makes them."""
    size, heading = figure.drawing.size, _text(figure.heading)
    svg = figure.drawing.svg(figure.heading).decode()
    root = f"<svg viewBox='0 0 {size.width()} {size.height()}' style='max-width:{size.width()}px'>"
    drawn = re.sub(r"<svg[^>]*>", lambda _: root, svg[svg.index("<svg") :], count=1)
    folded = []
    if 0 < figure.sheet.values.size <= _SMALL:
        folded.append(_folded(translate("Report", "Numbers"), _table(figure.sheet)))
    if figure.python is not None:
        folded.append(_folded("Python", f"<pre>{_text(figure.python)}</pre>"))
    return f"<figure>\n<figcaption>{heading}</figcaption>\n{drawn}\n{''.join(folded)}\n</figure>"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{_text(title)}</summary>{content}</details>"


def _table(sheet: Sheet) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in ("", *sheet.columns))
    rows = [
        f"<tr><th>{_text(name)}</th>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>"
        for name, row in zip(sheet.rows, sheet.values.tolist(), strict=True)
    ]
    return f"<table class='numbers'><tr>{head}</tr>{''.join(rows)}</table>"


def _cell(value: object) -> str:
    return signed(value, 4) if isinstance(value, float) else _text(str(value))


def _text(text: str) -> str:
    """``text`` as HTML; a half of a character that stands alone, which no file can hold, as a question mark."""
    return escape(text.encode("utf-8", "replace").decode())


def _style(colours: Palette) -> str:
    return (
        f"body{{background:{colours.paper};color:{colours.ink};font:15px/1.5 sans-serif;max-width:1200px;"
        "margin:2em auto;padding:0 1em;font-variant-numeric:tabular-nums}"
        "h1{font-size:1.5em}h2{font-size:1.2em;margin:2.5em 0 0}figure{margin:1.5em 0;overflow-x:auto}"
        f"section{{border-top:1px solid {colours.line};margin-top:2em}}svg{{display:block;width:100%;height:auto}}"
        f"figcaption,caption{{font-weight:bold;text-align:start;margin-bottom:.4em}}"
        f".question,summary,.facts th{{color:{colours.faint}}}pre{{white-space:pre-wrap}}"
        "table{border-collapse:collapse}td,th{padding:.1em .9em .1em 0;text-align:start;vertical-align:top}"
        ".facts th{font-weight:normal;white-space:nowrap}.row{display:flex;flex-wrap:wrap;gap:1em 3em;margin:1.5em 0;"
        "align-items:flex-start}"
        ".row td+td,.numbers td{text-align:end}"
    )
