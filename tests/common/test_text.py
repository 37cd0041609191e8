import csv
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcore.common.tables import read_table, write_table
from srcore.common.text import cell, code, from_cell, markdown, printable, public, redacted

ANY = st.text(st.characters(), max_size=60)


@given(ANY)
def test_nothing_that_a_screen_acts_upon_is_left(text):
    shown = printable(text)
    assert shown.isprintable()
    assert text.isprintable() <= (shown == text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines", "two\\nlines"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u200bb", "a\\u200bb"),
        ("caf\udce9", "caf\\udce9"),
        ("зима 冬 ☃", "зима 冬 ☃"),
    ],
)
def test_what_cannot_be_seen_is_written_as_an_escape(text, shown):
    assert printable(text) == shown


@given(st.text(st.sampled_from("a\x1b"), max_size=100), st.integers(20, 50))
def test_texts_have_a_bound_and_stay_apart(text, longest):
    assert len(printable(text, longest)) <= longest
    assert printable(text, longest) != printable(f"{text}a", longest)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pa55@x.org/a.tar", "https://…@x.org/a.tar"),
        ("https://me:pa@55@x.org/a.tar", "https://…@x.org/a.tar"),
        ("https://t0ken@x.org/a.tar: answers 404", "https://…@x.org/a.tar: answers 404"),
        ("(https://x.org/a.tar?sig=a,b;c: gone)", "(https://x.org/a.tar?…: gone)"),
        ("Max retries exceeded with url: /a?t=1 (x)", "Max retries exceeded with url: /a?… (x)"),
        ("http://x.org/a.tar: Connection refused", "http://x.org/a.tar: Connection refused"),
        ("is this a question? yes", "is this a question? yes"),
        ("weights@home", "weights@home"),
    ],
)
def test_passwords_and_tokens_of_addresses_are_left_out(text, shown):
    assert redacted(text) == shown


@given(ANY)
def test_cells_are_no_formula_and_come_back(text):
    assert cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "＝")
    assert from_cell(cell(text)) == printable(text)


def test_a_table_keeps_numbers_and_gives_texts_back(tmp_path):
    names = ["=1+1", "+a", "-b", "@c", "'=d", "plain", "\x1b[31m", "<script>", "NA"]
    rows = pd.DataFrame({"name": names, "gain": [-1.5] * 9, "count": [-2] * 9, "none": [None] * 9})
    path = tmp_path / "rows.csv"
    write_table(path, rows)
    with path.open() as file:
        cells = list(csv.reader(file))
    assert [line[0] for line in cells[1:6]] == ["'=1+1", "'+a", "'-b", "'@c", "''=d"]
    assert all(line[1:] == ["-1.5000", "-2", ""] for line in cells[1:])
    again = read_table(path, {"name": str, "gain": float, "count": float, "none": None}, "")
    assert list(again["name"]) == [printable(name) for name in names]
    assert list(again["gain"]) == [-1.5] * 9


@pytest.mark.parametrize(
    "text",
    ["# heading", "<script>x</script>", "| cell", "`x`", "[a](b)", "- item", "**b**", "a\n# b"],
)
def test_markdown_begins_nothing(text):
    shown = markdown(text)
    assert "\n" not in shown
    assert not any(sign in shown.replace(f"\\{sign}", "") for sign in "#<>|`[]*")


def test_markdown_makes_no_link_of_a_bare_address():
    assert markdown("www.x.io and WWW.x.io") == r"www\.x.io and WWW\.x.io"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/home/me/vgg16.pt", "…/vgg16.pt"),
        ("https://me:secret@host/a?token=1", "https://…@host/a?…"),
        ("data/none", "data/none"),
        ("random", "random"),
    ],
)
def test_what_is_published_has_no_folder_of_a_machine_and_no_password(value, shown):
    assert public(value) == shown


def test_code_stays_between_its_backticks():
    assert code("a`b|c\nd") == "a'b\\|c\\nd"


def test_a_stage_logs_and_fails_fit_for_a_terminal():
    """`main` is the one place through which all messages of a stage go."""
    program = (
        "import logging; from srcore.common.errors import StudyError\n"
        "from srcore.common.stage import main\n"
        "def run():\n"
        "    logging.getLogger('x').warning('%s: gone', 'http://me:pa55@x/\\x1b[31m?t0ken')\n"
        "    raise StudyError('http://me:pa55@x/\\x1b[31m: gone')\n"
        "main(run)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "http://…@x/\\x1b[31m?…: gone\nerror: http://…@x/\\x1b[31m: gone\n"
