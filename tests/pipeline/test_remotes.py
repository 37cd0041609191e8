"""Data and results travel: what one clone made, another fetches and does not make again."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import arguments, ran

pytestmark = pytest.mark.slow

SLOWER = "dvc exp run --name slower -S train.lr=0.0005"
"""An experiment, as docs/machines.md shows it."""
STAGE = "stages/dvc.yaml:train_basic"
CHECKPOINT = "data/models/basic/basic.seed0.safetensors"


def do(clone, command: str, replaced: dict[str, str] | None = None, **environment: str) -> str:
    """Run a command of the docs in a clone."""
    return clone.run(*arguments(command, replaced), **environment)


def cloned(clone, source: Path, target: Path):
    """Another person's clone of `source`."""
    places = {"/my/study": str(source), " study": f" {target.name}"}
    do(clone.at(target.parent), "git clone /my/study study", places)
    other = clone.at(target)
    other.run("git", "config", "user.email", "other@example.org")
    other.run("git", "config", "user.name", "other")
    return other


def results(clone) -> dict[str, bytes]:
    """Every file below data/, metrics/ and plots/ that is a result."""
    files = [
        Path(folder, name)
        for top in ("data", "metrics", "plots")
        for folder, _, names in os.walk(clone.path / top)
        for name in names
    ]
    return {str(file.relative_to(clone.path)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of a local server that speaks S3, with an empty bucket `my-bucket`."""
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="my-bucket")
    yield address
    server.stop()


@pytest.fixture
def into_a_folder(tmp_path) -> tuple[list[tuple[str, dict[str, str]]], dict[str, str]]:
    """Commands that name the remote, and the environment they need."""
    named = {"/my/storage": str(tmp_path / "storage")}
    return [("dvc remote add --default storage /my/storage", named)], {}


@pytest.fixture
def into_s3(s3) -> tuple[list[tuple[str, dict[str, str]]], dict[str, str]]:
    server = {"https://s3.example.org": s3}
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1,localhost,0.0.0.0",
    }
    return [
        ("dvc remote add --default storage s3://my-bucket/study", {}),
        ("dvc remote modify storage endpointurl https://s3.example.org", server),
    ], credentials


@pytest.mark.parametrize("place", ["into_a_folder", "into_s3"])
def test_another_clone_pulls_everything_and_runs_nothing(built, tmp_path, place, request):
    named, environment = request.getfixturevalue(place)
    for command, replaced in named:
        do(built, command, replaced)
    do(built, 'git commit --message "Where the data lie" .dvc/config')
    do(built, "dvc push --run-cache", **environment)
    other = cloned(built, built.path, tmp_path / "other")
    assert not (other.path / "data/raw").exists()
    do(other, "dvc pull", **environment)
    locks = [(other.path / lock).read_bytes() for lock in ("dvc.lock", "stages/dvc.lock")]
    printed = do(other, "dvc repro")
    assert ran(printed) == []
    assert "is cached" not in printed, "nothing needs the run cache either"
    assert locks == [(other.path / lock).read_bytes() for lock in ("dvc.lock", "stages/dvc.lock")]
    assert other.run("git", "status", "--porcelain") == ""
    ours = results(built)
    assert len(ours) > 50
    assert results(other) == ours


def test_what_another_clone_has_trained_is_not_trained_again(built, tmp_path):
    """By the run cache, and by the experiment's name; what was queued is no different.

    One stage is enough to tell: judging is not what takes long.
    """
    bare = tmp_path / "origin.git"
    storage = {"/my/storage": str(tmp_path / "storage")}
    do(built, "dvc remote add --default storage /my/storage", storage)
    do(built, 'git commit --message "Where the data lie" .dvc/config')
    built.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", str(bare))
    built.run("git", "remote", "add", "origin", str(bare))
    built.run("git", "push", "--quiet", "origin", "main")
    do(built, "dvc push --run-cache")
    named, unnamed = (cloned(built, bare, tmp_path / name) for name in ("named", "unnamed"))
    do(named, "dvc pull")

    queued = arguments(SLOWER, {"exp run": "exp run --queue"})
    built.run(*queued, STAGE)
    assert "train_basic" in ran(built.run("dvc", "exp", "run", "--run-all"))
    do(built, "dvc exp apply slower")
    slower = (built.path / CHECKPOINT).read_bytes()

    # Nobody tells this clone of the experiment.
    do(built, "dvc push --run-cache")
    do(unnamed, "dvc pull --run-cache")
    assert (unnamed.path / CHECKPOINT).read_bytes() != slower
    printed = unnamed.run(*arguments("dvc exp run --pull -S train.lr=0.0005"), STAGE)
    assert ran(printed) == []
    assert "train_basic' is cached - skipping run" in printed
    assert (unnamed.path / CHECKPOINT).read_bytes() == slower

    do(built, "dvc exp push origin slower")
    do(named, "dvc exp pull origin slower")
    assert (named.path / CHECKPOINT).read_bytes() != slower
    do(named, "dvc exp apply slower")
    assert (named.path / CHECKPOINT).read_bytes() == slower
    assert ran(named.run("dvc", "repro", STAGE)) == []


def test_a_network_is_fetched_by_its_name(built, tmp_path):
    """docs/machines.md: what the artifacts of dvc.yaml name, at the commit that a tag names."""
    places = {"/my/study": str(built.path)}
    for name, file in (
        ("shipped", "srcore/weights/subpixel.voc2007.safetensors"),
        ("subpixel", "data/models/all/subpixel.seed0.safetensors"),
    ):
        do(
            built,
            'git tag -a shipped@v1.0.0 -m "The network of the first release"',
            {"shipped@": f"{name}@"},
        )
        got = tmp_path / f"{name}.safetensors"
        do(
            built.at(tmp_path),
            "dvc artifacts get /my/study shipped --out network.safetensors",
            places | {" shipped": f" {name}", "network.safetensors": str(got)},
        )
        assert got.read_bytes() == (built.path / file).read_bytes()
