"""Mistakes in params.yaml and on the command line of a stage."""

# ruff: noqa: E501  the lines that stages say are whole here

from collections.abc import Callable

import yaml

from faults.fault import Area, Fault, Refused
from faults.project import Project, Tried
from srcore.models.registry import MODELS

UNDO = "; after a refused -S, `git restore params.yaml` undoes it"


def given(key: str, value: object) -> Callable[[Project], None]:
    return lambda project: project.set(key, value)


def without(key: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        values = yaml.safe_load((project / "params.yaml").read_text())
        del values[key]
        (project / "params.yaml").write_text(yaml.safe_dump(values))

    return make


def written(text: str) -> Callable[[Project], None]:
    return lambda project: (project / "params.yaml").write_text(text) and None


def elsewhere(project: Project, command: str) -> Tried:
    (project / "params.yaml").unlink()
    return project.run(command)


def check(key: str, value: object, line: str, what: str = "") -> Fault:
    """A value that the first stage refuses."""
    shown = what or f"{key}: {str(value).lower() if isinstance(value, bool) else value}"
    return Fault(
        shown, "check", Refused(f"params.yaml: {line}{UNDO}"), given(key, value), slow=True
    )


PARAMETERS = Area(
    "Parameters and the command line",
    [
        check("model", "vggg", "model = vggg: is not one of all, …; did you mean 'vgg'?"),
        check(
            "train.epoch", 3, "train.epoch is not a parameter; did you mean 'epochs'? known here: …"
        ),
        check("train.epochs", 0, "train.epochs = 0: input should be greater than or equal to 1"),
        check(
            "train.epochs",
            "10",
            "train.epochs = '10': input should be a valid integer",
            'train.epochs: "10", a text',
        ),
        check(
            "evaluate.metrics",
            ["lpips"],
            "evaluate.vgg16 = data/none: lpips need the weights of VGG16 (-S evaluate.vgg16=pretrained, or the path of a file)",
        ),
        check(
            "evaluate.metrics",
            ["lpip"],
            "evaluate.metrics = lpip: is not one of psnr_y, lpips, dists; did you mean 'lpips'?",
        ),
        check(
            "evaluate.metrics",
            ["psnr_y", "psnr_y"],
            "evaluate.metrics = ['psnr_y', 'psnr_y']: names psnr_y twice",
        ),
        check(
            "evaluate.vgg16",
            "pretraind",
            "evaluate.vgg16 = pretraind: is neither 'pretrained' nor the path of a weights file; did you mean 'pretrained'?",
        ),
        check(
            "evaluate.vgg16",
            "random",
            "evaluate.vgg16 = random: a metric of random weights means nothing; give 'pretrained' or a path",
        ),
        check(
            "evaluate.vgg16",
            "mine",
            "evaluate.vgg16 = mine: is neither 'pretrained' nor the path of a weights file",
        ),
        check("train.lr", -0.1, "train.lr = -0.1: input should be greater than 0"),
        check(
            "pyramid.sizes",
            [72, 100, 288],
            "pyramid.sizes = [72, 100, 288]: must be [72, 144, 288]: each twice the one before",
        ),
        check(
            "data.source",
            "foler",
            "data.source = foler: is not one of sample, voc2007, folder; did you mean 'folder'?",
        ),
        check(
            "data.folder.path",
            "nowhere",
            "data.folder.path = nowhere: does not exist; give the path of a file or folder that does",
        ),
        check(
            "data.folder.path",
            "data/none",
            "data.folder.path = data/none: data.source is 'folder', so name the folder (-S data.folder.path=/my/images)",
        ),
        check(
            "data.voc2007.archive",
            "no.tar",
            "data.voc2007.archive = no.tar: does not exist; give the path of a file or folder that does",
        ),
        check(
            "data.voc2007.md5",
            "abc",
            "data.voc2007.md5 = 'abc': string should match pattern '^[0-9a-f]{32}$'",
        ),
        check(
            "frozen.vgg",
            "pretraind",
            "frozen.vgg = pretraind: is neither 'random' nor 'pretrained' nor the path of a weights file; did you mean 'pretrained'?",
        ),
        check("seeds", [0, 0], "seeds = [0, 0]: names 0 twice"),
        check(
            "split.validation",
            1.5,
            "split.validation = 1.5: must be a share below 1 (0.2) or a whole number of images (1000)",
        ),
        Fault(
            "a key left out",
            "check",
            Refused(f"params.yaml: train is missing{UNDO}"),
            without("train"),
            slow=True,
        ),
        Fault(
            "not YAML",
            "check",
            Refused("params.yaml is not valid YAML: …"),
            written("train: [\n"),
            slow=True,
        ),
        Fault(
            "an empty params.yaml",
            "check",
            Refused("params.yaml holds no keys; restore it with `git restore params.yaml`"),
            written("\n"),
            slow=True,
        ),
        Fault(
            "device: cuda, on a machine without",
            "check",
            Refused("device = cuda: not on this machine; use auto or cpu"),
            given("device", "cuda"),
            slow=True,
        ),
        Fault(
            "run in another folder",
            "split",
            Refused("params.yaml is missing; run from the top folder of the project"),
            how=elsewhere,
        ),
        Fault(
            "more held-out images than images",
            "split",
            Refused("split.validation = 12: there are 12 images, so choose 1 to 11, or a share"),
            given("split.validation", 12),
            given("split.validation", 3),
        ),
        Fault(
            "a batch larger than the set",
            "train basic",
            Refused("train.batch_size = 10: there are 9 training images"),
            given("train.batch_size", 10),
            given("train.batch_size", 4),
            slow=True,
        ),
        Fault(
            "an image to compare that is not held out",
            "compare",
            Refused(
                "compare.names: 'nobody.png' is no image of this data set; name held-out ones, such as …"
            ),
            given("compare.names", ["nobody.png"]),
            slow=True,
        ),
        Fault(
            "an unknown kind of features",
            "features vg",
            Refused("stages.features vg: give one of vgg, clip"),
            slow=True,
        ),
        Fault(
            "no kind of features",
            "features",
            Refused("stages.features: give one of vgg, clip"),
            slow=True,
        ),
        Fault(
            "an unknown model to train",
            "train nope",
            Refused(f"stages.train nope: give one of {', '.join(MODELS)}"),
            slow=True,
        ),
        Fault(
            "an unknown set of models",
            "train_set some",
            Refused("stages.train_set some: give one of all, ablation"),
            slow=True,
        ),
    ],
)
