"""Drawings: SVG made of a few shapes, whose colours are the page's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from markupsafe import Markup

Point = tuple[float, float]

_CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF), " ")
_STEERING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "")  # that could turn what stands beside


def plain(text: str) -> str:
    """Return the text on one line, without control characters, lone surrogates and signs that steer the direction."""
    return text.encode(errors="replace").decode().translate(_CONTROL | _STEERING)


class Drawing:
    """A picture in the making; coordinates are in pixels, from the top left."""

    def __init__(self, name: str, *, width: float, height: float, title: str, description: str) -> None:
        """``name`` is the picture's own among those of a page; title and description are read aloud."""
        self.width, self.height = width, height
        self._root = ElementTree.Element(
            "svg",
            {
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "role": "img",
                "aria-labelledby": f"{name}-title {name}-description",
                "class": f"picture {name}",
            },
        )
        for tag, text in (("title", title), ("desc", description)):
            element = ElementTree.SubElement(self._root, tag, {"id": f"{name}-{tag.replace('desc', 'description')}"})
            element.text = plain(text)

    def line(self, start: Point, end: Point, kind: str) -> None:
        """Draw a straight line."""
        (x1, y1), (x2, y2) = start, end
        self._add("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)

    def rectangle(
        self, left: float, top: float, width: float, height: float, kind: str, *, round: float = 0, tip: str = ""
    ) -> None:
        """Draw a rectangle; ``tip`` is shown when somebody points at it."""
        self._add("rect", kind, tip=tip, x=left, y=top, width=max(0.0, width), height=height, rx=round)

    def circle(self, centre: Point, radius: float, kind: str, *, tip: str = "") -> None:
        """Draw a disc."""
        self._add("circle", kind, tip=tip, cx=centre[0], cy=centre[1], r=radius)

    def curve(self, points: Sequence[Point], kind: str) -> None:
        """Draw straight pieces from point to point."""
        if points:
            self._add("polyline", kind, {"points": _joined(points)})

    def area(self, points: Sequence[Point], kind: str) -> None:
        """Fill what points go round."""
        if points:
            self._add("polygon", kind, {"points": _joined(points)})

    def text(self, at: Point, words: str, kind: str = "", *, anchor: str = "start", turn: float = 0) -> None:
        """Write words; ``anchor`` is the part of them that stands there: start, middle or end."""
        turned = {"transform": f"rotate({_number(turn)} {_number(at[0])} {_number(at[1])})"} if turn else {}
        self._add("text", kind, {"text-anchor": anchor, **turned}, words=words, x=at[0], y=at[1])

    def markup(self) -> Markup:
        """Return the picture for a page."""
        return Markup(ElementTree.tostring(self._root, encoding="unicode"))

    def file(self, style: str) -> str:
        """Return the picture as an SVG file of its own, with a style sheet."""
        root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **self._root.attrib})
        ElementTree.SubElement(root, "style").text = style
        root.extend(self._root)
        return ElementTree.tostring(root, encoding="unicode") + "\n"

    def _add(
        self, tag: str, kind: str, more: Mapping[str, str] = {}, *, words: str = "", tip: str = "", **places: float
    ) -> None:
        attributes = {name: _number(value) for name, value in places.items()} | dict(more)
        element = ElementTree.SubElement(self._root, tag, attributes | ({"class": kind} if kind else {}))
        if words:
            element.text = plain(words)
        if tip:
            ElementTree.SubElement(element, "title").text = plain(tip)


class Scale:
    """A straight way from values to pixels."""

    def __init__(self, values: tuple[float, float], pixels: tuple[float, float]) -> None:
        self._values, self._pixels = values, pixels

    def __call__(self, value: float) -> float:
        """Return where a value lies."""
        (low, high), (start, end) = self._values, self._pixels
        return start + (value - low) / (high - low) * (end - start)


def _joined(points: Sequence[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
