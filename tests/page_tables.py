"""Tables of a page as text, for tests that compare figures."""

from html.parser import HTMLParser


class _Tables(HTMLParser):
    """Every table: its class, and the text of its cells row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[list[str]]]] = []
        self.cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.found.append((dict(attrs).get("class") or "", []))
        elif tag == "tr":
            self.found[-1][1].append([])
        elif tag in ("td", "th"):
            self.cell = []

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self.cell is not None:
            self.found[-1][1][-1].append(" ".join(" ".join(self.cell).split()))
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)


def tables_of(page: str, kind: str) -> list[list[list[str]]]:
    """The tables of one class, each as rows of cells, headings first."""
    return [rows for found, rows in _Tables(page).found if found == kind]
