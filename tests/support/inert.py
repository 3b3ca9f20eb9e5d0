"""Pages that do nothing but show: well formed, of known elements, without scripts and addresses."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "rect"}
ALLOWED = {
    *("html", "head", "title", "body", "main", "style", "meta", "div", "span", "b", "details", "summary"),
    *("svg", "rect", "table", "thead", "tbody", "tr", "th", "td"),
}


class Read(HTMLParser):
    """The elements, attributes and texts of a page, which has to close what it opens."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.deepest = 0
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.deepest = max(self.deepest, len(self.open))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    @property
    def text(self) -> str:
        return "".join(self.texts)


def inert(page: str) -> Read:
    read = Read(page)
    for tag, attributes in read.seen:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not {"style", "src", "href", "action", "xlink:href"} & attributes.keys(), tag
    return read
