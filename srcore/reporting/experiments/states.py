"""The experiments since a commit, as git and DVC keep them."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace

from srcore.common.errors import StudyError, reason
from srcore.reporting.pull_request import Study, read_study


def read_experiments(since: str) -> tuple[list[Study], dict[str, int]]:
    """The commit, what was committed after it, and the experiments run from any of these.

    A later commit whose parameters and figures are those of an earlier one is left out.

    Returns:
        Their states in that order, each under its name, and state → number of experiments that
        have no results.

    Raises:
        StudyError: no such commit, or it holds no results; DVC cannot list the experiments.
    """
    # `dvc` takes seconds to load, and a text on its logger before every table.
    from dvc.api import exp_show  # noqa: PLC0415
    from dvc.exceptions import DvcException  # noqa: PLC0415

    try:
        first = _git("rev-parse", "--verify", "--end-of-options", f"{since}^{{commit}}")
    except StudyError as error:
        raise StudyError(f"{since}: {error}") from None
    later = _git("rev-list", "--reverse", "--first-parent", f"{first}..HEAD").split()
    try:
        listed = exp_show(revs=[first, *later])
    except DvcException as error:
        raise StudyError(f"dvc: {reason(error)}") from None
    studies: list[Study] = []
    unfinished: dict[str, int] = {}
    for line in listed:
        state = str(line.get("State") or "Success")
        if line["rev"] == "workspace":
            continue
        if state != "Success":
            unfinished[state.lower()] = unfinished.get(state.lower(), 0) + 1
            continue
        commit = str(line["rev"])
        # DVC names a commit by the branch that ends there, if one does.
        is_first = (
            _git("rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}") == first
        )
        name = since if is_first else str(line.get("Experiment") or commit)
        try:
            study = replace(read_study(commit), name=name)
        except StudyError:
            if is_first:
                raise
            continue  # a commit before there were any results, or of other files
        if line["typ"] != "baseline" or not studies or not _alike(study, studies):
            studies.append(study)
    return studies, unfinished


def _alike(study: Study, others: Sequence[Study]) -> bool:
    return any(study.params == other.params and study.metrics == other.metrics for other in others)


def _git(*command: str) -> str:
    try:
        done = subprocess.run(["git", *command], check=True, capture_output=True, text=True)  # noqa: S603, S607
    except subprocess.CalledProcessError as error:
        raise StudyError(" ".join(error.stderr.split()) or "git failed") from None
    except OSError as error:
        raise StudyError(f"git: {error.strerror}; install it") from None
    return done.stdout.strip()
