"""Every mistake in params.yaml ends in one line that names the key and what to do."""

import copy
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from srcore.common.errors import StudyError
from srcore.models.registry import MODELS, SETS
from srcore.params import Params, load_params, reference
from srcore.params.base import Loss, Schedule
from srcore.training.losses import LOSSES
from srcore.training.schedules import SCHEDULES

FILE = Path(__file__).parents[2] / "params.yaml"
COMMITTED = YAML(typ="safe").load(FILE)
GONE = object()


def leaves(group: type[BaseModel] = Params, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and field of every parameter that is no group."""
    for name, field in group.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


LEAVES = dict(leaves())
GROUPS = sorted({key.rpartition(".")[0] for key in LEAVES} - {""})
each_leaf = pytest.mark.parametrize("key", LEAVES)


@pytest.fixture(autouse=True)
def _top_folder(monkeypatch, root):
    monkeypatch.chdir(root)  # paths in params.yaml start there


@pytest.fixture
def load(tmp_path):
    """Load the committed parameters with some of them set to other values."""

    def load_changed(changes: dict[str, Any]) -> Params:
        values = copy.deepcopy(COMMITTED)
        for key, value in changes.items():
            *groups, last = key.split(".")
            group = values
            for name in groups:
                group = group[name]
            if value is GONE:
                del group[last]
            else:
                group[last] = value
        path = tmp_path / "params.yaml"
        with path.open("w") as file:
            YAML(typ="safe").dump(values, file)
        return load_params(path)

    return load_changed


@pytest.fixture
def refusal(load, tmp_path):
    """The line that refuses some changes, without the name of the file before it."""

    def refused(changes: dict[str, Any]) -> str:
        with pytest.raises(StudyError) as caught:
            load(changes)
        line = str(caught.value)
        assert "\n" not in line
        assert len(line) < 500
        start = f"{tmp_path / 'params.yaml'}: "
        assert line.startswith(start)
        assert "git restore params.yaml" in line  # a refused -S leaves the file edited
        return line.removeprefix(start)

    return refused


def test_the_committed_file_loads():
    params = load_params(FILE)
    assert params.model_dump() == COMMITTED


def test_the_committed_file_is_the_default():
    assert load_params() == load_params(FILE)


def test_every_key_has_a_comment():
    """A leaf says what it is on its own line; a group is explained by its leaves."""
    lines = FILE.read_text().splitlines()

    def visit(group: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
        for name, value in group.items():
            if isinstance(value, dict):
                yield from visit(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", lines[group.lc.key(name)[0]]

    of_keys = dict(visit(YAML().load(FILE)))
    assert of_keys.keys() == LEAVES.keys()
    bare = [key for key, line in of_keys.items() if not re.search(r"\s# \w\S* \S", line)]
    assert not bare, "keys without a comment"


@each_leaf
def test_every_field_is_described(key):
    assert len(LEAVES[key].description or "") > 8


@each_leaf
def test_a_missing_key_is_named(key, refusal):
    assert refusal({key: GONE}).startswith(f"{key} is missing;")


@pytest.mark.parametrize("key", GROUPS)
def test_a_missing_or_empty_group_is_named(key, refusal):
    assert refusal({key: GONE}).startswith(f"{key} is missing;")
    assert refusal({key: None}).startswith(f"{key} = None: ")
    assert refusal({key: 3}).startswith(f"{key} = 3: ")


@each_leaf
def test_a_misspelt_key_is_answered_with_the_right_one(key, refusal):
    """The mistyped key is reported, and not the missing one that is its consequence."""
    group, _, name = key.rpartition(".")
    dot = "." if group else ""
    typo = f"{group}{dot}{name[:-1]}"
    line = refusal({typo: 1, key: GONE})
    assert line.startswith(f"{typo} is not a parameter; did you mean {name!r}? known here: ")
    extra = f"{group}{dot}{name}s"
    assert refusal({extra: 1}).startswith(f"{extra} is not a parameter; did you mean {name!r}?")


@pytest.mark.parametrize("group", ["", *(f"{name}." for name in GROUPS)])
def test_an_unknown_key_is_answered_with_the_known_ones(group, refusal):
    line = refusal({f"{group}qqq": 1})
    assert line.startswith(f"{group}qqq is not a parameter; known here: ")
    prefixes = {name.removeprefix(group).split(".")[0] for name in LEAVES if name.startswith(group)}
    assert all(name in line for name in prefixes)


@pytest.mark.parametrize("typed", ["int", "train.float"])
def test_an_unknown_key_may_be_called_as_a_kind_of_number(typed, refusal):
    assert refusal({typed: 1}).startswith(f"{typed} is not a parameter; known here: ")


@pytest.mark.parametrize(
    ("typed", "meant"), [("lr", "train.lr"), ("data.epochs", "train.epochs"), ("vgg", "frozen.vgg")]
)
def test_a_key_of_another_group_is_found(typed, meant, refusal):
    assert refusal({typed: 1}).startswith(f"{typed} is not a parameter; did you mean {meant!r}?")


@each_leaf
def test_a_value_of_the_wrong_kind_is_refused(key, refusal):
    for wrong in ({"a": 1}, "yes" if LEAVES[key].annotation is bool else True):
        assert refusal({key: wrong}).startswith(f"{key} = {wrong!r}: input should be ")


@pytest.mark.parametrize(
    "key", [key for key, field in LEAVES.items() if field.annotation in (int, float, int | None)]
)
def test_a_number_in_quotes_is_no_number(key, refusal):
    assert refusal({key: "5"}).startswith(f"{key} = '5': input should be a valid ")


@pytest.mark.parametrize("key", [key for key in LEAVES if key != "data.limit"])
def test_null_is_refused(key, refusal):
    assert refusal({key: None}).startswith(f"{key} = None: ")


OUT_OF_RANGE = [
    ("modern.lr", 2.0, "less than or equal to 1"),
    ("modern.schedule", "cosine", "'linear', 'one_cycle' or 'constant'"),
    ("ideas.seeds", [0], "at least 2"),
    ("ideas.report_seeds", [1, 1], "names 1 twice"),
    ("threads", 0, "greater than or equal to 1"),
    ("threads", 5000, "less than or equal to 1024"),
    ("seeds", [], "at least 1"),
    ("seeds", [0, 1, 0], "names 0 twice"),
    ("data.limit", 1, "greater than or equal to 2"),
    ("data.limit", 2.5, "valid integer"),
    ("data.max_pixels", 0, "greater than or equal to 1"),
    ("data.max_rejected", -0.1, "greater than or equal to 0"),
    ("data.max_rejected", 1.1, "less than or equal to 1"),
    ("data.sample.crops", 1, "greater than or equal to 2"),
    ("data.voc2007.mirrors", [], "at least 1"),
    ("data.voc2007.md5", "C52E", "pattern"),
    ("pyramid.sizes", [72, 144], "at least 3"),
    ("pyramid.sizes", [72, 144, 288, 576], "at most 3"),
    ("pyramid.sizes", [72, 144, 289], "must be [72, 144, 288]"),
    ("pyramid.sizes", [72, 100, 288], "must be [72, 144, 288]"),
    ("split.validation", 0, "greater than 0"),
    ("split.validation", -3, "greater than 0"),
    ("split.validation", 1.0, "a share below 1 (0.2) or a whole number of images"),
    ("split.validation", 165.5, "a share below 1 (0.2) or a whole number of images"),
    ("split.validation", "many", "a valid integer or a valid number"),
    ("split.validation", float("nan"), ""),
    ("split.validation", float("inf"), ""),
    ("split.seed", -1, "greater than or equal to 0"),
    ("train.epochs", 0, "greater than or equal to 1"),
    ("train.epochs", 1.5, "valid integer"),
    ("train.batch_size", 0, "greater than or equal to 1"),
    ("train.lr", 0, "greater than 0"),
    ("train.lr", -1, "greater than 0"),
    ("train.lr", 1.5, "less than or equal to 1"),
    ("train.lr", float("nan"), ""),
    ("train.lr", float("inf"), ""),
    ("subpixel.batch_size", 0, "greater than or equal to 1"),
    ("subpixel.lr", 2.0, "less than or equal to 1"),
    ("subpixel.loss", "l2", "'l1' or 'inverse_psnr'"),
    ("subpixel.schedule", "cosine", "'linear', 'one_cycle' or 'constant'"),
    ("subpixel.max_norm", -0.1, "greater than or equal to 0"),
    ("subpixel.flips", 1, "valid boolean"),
    ("subpixel.crops", 1.1, "less than or equal to 1"),
    ("subpixel.average", 1.0, "less than 1"),
    ("shipped.seed", -1, "greater than or equal to 0"),
    ("shipped.seed", 2**63, "must be below 2**63"),
    ("split.test", -1, "greater than or equal to 0"),
    ("split.test", 1.5, "share below 1"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_answered_with_the_range(key, value, allowed, refusal):
    line = refusal({key: value})
    assert line.startswith(f"{key} = {value!r}: ")
    assert allowed in line


@pytest.mark.parametrize(
    "address",
    [
        "http://[x/voc.tar",
        "http://h/a/..",
        "http://h/",
        "h/voc.tar",
        "ftp://h/voc.tar",
        "http:///v",
    ],
)
def test_a_mirror_that_is_no_address_of_a_file(address, refusal):
    line = refusal({"data.voc2007.mirrors": ["https://h/voc.tar", address]})
    assert line.startswith("data.voc2007.mirrors.1 = ")
    assert "must be the http or https address of a file" in line


def test_an_empty_path(refusal):
    line = refusal({"data.folder.path": ""})
    assert line.startswith("data.folder.path = : does not exist; give the path of a file or folder")


@pytest.mark.parametrize("parts", [(0.9, 0.9), (0.5, 0.5)])
def test_shares_that_leave_nothing_to_train_on(parts, refusal):
    line = refusal({"split.validation": parts[0], "split.test": parts[1]})
    assert line.startswith(f"split.validation + split.test = {sum(parts):g}: nothing is left")


@pytest.mark.parametrize(
    ("changes", "place"),
    [({"seeds": [0, -1]}, "seeds.1 = -1"), ({"pyramid.sizes": [4, 8, 16]}, "pyramid.sizes.0 = 4")],
)
def test_an_entry_of_a_list_is_named_by_its_place(changes, place, refusal):
    assert refusal(changes).startswith(f"{place}: input should be greater than or equal to")


@pytest.mark.parametrize(
    ("key", "value", "nearest"),
    [
        ("model", "vg", "vgg"),
        ("model", "residal", "residual"),
        ("device", "cuda0", "cuda"),
        ("data.source", "sampel", "sample"),
        ("data.small", "rejekt", "reject"),
        ("frozen.vgg", "radnom", "random"),
        ("frozen.clip", "pretraind", "pretrained"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_nearest(key, value, nearest, refusal):
    line = refusal({key: value})
    assert re.match(rf"{key} = '?{value}'?: ", line)
    assert f"did you mean {nearest!r}?" in line


def test_an_unknown_model_is_answered_with_all_models(refusal):
    line = refusal({"model": "nope"})
    assert line.startswith("model = nope: ")
    assert all(name in line for name in (*MODELS, *SETS))


def test_a_word_of_several_lines_makes_one_line(refusal):
    assert refusal({"model": "a\nb"}).startswith("model = a b: ")


@pytest.mark.parametrize("key", ["data.folder.path", "data.voc2007.archive", "benchmark.folder"])
def test_a_path_that_is_not_there(key, refusal):
    assert refusal({key: "/nowhere/at/all"}).startswith(f"{key} = /nowhere/at/all: does not exist")


@pytest.mark.parametrize("key", ["frozen.vgg", "frozen.clip"])
@pytest.mark.parametrize("value", ["/nowhere/w.safetensors", "data", "data/none"])
def test_weights_that_are_no_file(key, value, refusal):
    assert refusal({key: value}).startswith(f"{key} = {value}: is neither 'random' nor")


def test_several_mistakes_are_counted(refusal):
    line = refusal({"train.lr": -1, "threads": 0, "split.validation": "x", "train.epoch": 3})
    assert line.startswith("train.epoch is not a parameter")
    assert "(and 3 more)" in line


def test_the_source_folder_needs_a_folder(refusal, tmp_path):
    line = refusal({"data.source": "folder"})
    assert line.startswith("data.folder.path = data/none: ")
    assert "-S data.folder.path=" in line
    file = tmp_path / "image.png"
    file.touch()
    line = refusal({"data.source": "folder", "data.folder.path": str(file)})
    assert line.startswith(f"data.folder.path = {file}: is not a folder")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("model", name) for name in (*MODELS, *SETS)),
        ("seeds", [3, 1, 2]),
        ("data.limit", 2),
        ("data.limit", None),
        ("data.max_rejected", 0),
        ("pyramid.sizes", [36, 72, 144]),
        ("split.validation", 1),
        ("split.validation", 1000),
        ("split.validation", 0.5),
        ("train.lr", 1),
        ("train.lr", 1e-05),
        ("frozen.vgg", "pretrained"),
        ("device", "cuda"),  # whether it is there is the business of the stage that computes
    ],
)
def test_good_values_are_taken_as_they_are(key, value, load):
    found: Any = load({key: value})
    for name in key.split("."):
        found = getattr(found, name)
    assert found == value


def test_good_paths_are_taken(load, tmp_path):
    weights = tmp_path / "w.safetensors"
    weights.touch()
    params = load(
        {
            "data.source": "folder",
            "data.folder.path": str(tmp_path),
            "data.voc2007.archive": str(weights),
            "frozen.vgg": str(weights),
        }
    )
    assert params.data.folder.path == str(tmp_path)
    assert params.frozen.vgg == str(weights)


def test_losses_and_schedules_are_those_of_their_tables():
    assert set(get_args(Loss)) == set(LOSSES)
    assert set(get_args(Schedule)) == set(SCHEDULES)


def test_parameters_do_not_change_after_loading():
    with pytest.raises(ValidationError, match="frozen"):
        load_params(FILE).train.lr = 1.0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no keys"),
        (b"# nothing but a comment\n", "holds no keys"),
        (b"- model\n", "holds no keys"),
        (b"all", "holds no keys"),
        (b"model: [1", "is not valid YAML"),
        (b"model: a\n  x: b\n", "is not valid YAML"),
        (b"a:\tb\n\tc: d", "is not valid YAML"),
        (b"model: \xff\n", "is not valid YAML"),
        (b"model: all\n---\nmodel: vgg\n", "is not valid YAML"),
        (b"model: !!python/object:os.system x\n", "is not valid YAML"),
        (b"model: all\nmodel: vgg\n", "duplicate key"),
    ],
)
def test_a_broken_file_is_one_line(content, words, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=words) as caught:
        load_params(path)
    line = str(caught.value)
    assert line.startswith(str(path))
    assert "\n" not in line


def test_a_duplicate_key_deep_in_the_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "params.yaml"
    text = FILE.read_text().replace("  lr: ", "  lr: 0.5\n  lr: ")
    path.write_text(text)
    second = 1 + [number for number, line in enumerate(text.splitlines()) if "  lr: " in line][1]
    with pytest.raises(StudyError, match=rf'duplicate key "lr".*line {second},'):
        load_params(path)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(StudyError, match="is missing; run from the top folder") as caught:
        load_params(tmp_path / "params.yaml")
    assert str(tmp_path / "params.yaml") in str(caught.value)


def printed(params: Params) -> str:
    return "\n".join(reference.lines(params)).rstrip("\n") + "\n"


def test_the_table_in_docs_is_what_the_command_prints(root):
    command = [sys.executable, "-m", "srcore.params.reference"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (root / "docs/parameters.md").read_text(), (
        "make parameters > docs/parameters.md"
    )


def test_every_parameter_is_in_the_table_with_its_value_and_meaning():
    text = printed(load_params())
    for key, field in LEAVES.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{key}` |")]
        assert " ".join((field.description or "").split()) in row
    assert "| `train.lr` | a number, above 0, 1 at most | `0.001` | Adam's learning rate. |" in text
    assert "| `seeds` | list of 1 or more: a whole number, 0 or more | `[0]` |" in text


def test_the_table_follows_the_values(load):
    text = printed(load({"model": "vgg", "data.limit": 5, "seeds": list(range(30))}))
    assert "| `data.limit` | a whole number, 2 or more; or null | `5` |" in text
    assert "or `subpixel_adam` | `vgg` |" in text
    assert "| 30 entries |" in text


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 1000}, "a whole number, 1 to 1,000"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "a number, 0 or more, below 1"),
        ({"type": "boolean"}, "true or false"),
        ({"enum": ["a"]}, "`a`"),
        ({"enum": ["a", "b", "c"]}, "`a`, `b` or `c`"),
        ({"anyOf": [{"enum": ["a"]}, {"enum": ["b"]}, {"format": "path"}]},
         "`a`, `b` or a path that exists"),
        ({"type": "array", "items": {"type": "string"}}, "list: text"),
        ({"type": "array", "items": {"enum": ["a"]}, "minItems": 1}, "list of 1 or more: `a`"),
    ],
)  # fmt: skip
def test_what_a_parameter_takes_is_written_in_words(field, words):
    assert reference.allowed(field) == words
