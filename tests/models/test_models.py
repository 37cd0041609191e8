"""What every network of the table must do, and what the report says of its six."""

import pytest
import torch
from imports import imported_by

from srcore.models.base import SuperResolver, upsample2x, upsample_image
from srcore.models.registry import MODELS, SETS, model_class
from srcore.models.scales import OUTPUTS
from srcore.training.losses import inverse_psnr

# Class and trainable parameters of the original study's networks (design, "Models").
REPORT = {
    "basic": ("SuperResNet", 38_915, ("mid",)),
    "multi": ("SuperResNetMulti", 39_110, ("mid", "large")),
    "residual": ("SuperResNetResidualBlock", 56_582, ("mid", "large")),
    "dilated": ("SuperResNetDilated", 93_638, ("mid", "large")),
    "vgg": ("SuperResNetWithVGG", 149_766, ("mid", "large")),
    "clip": ("SuperResNetWithCLIP", 370_950, ("mid", "large")),
}
each_model = pytest.mark.parametrize("name", MODELS)
each_of_report = pytest.mark.parametrize("name", REPORT)


def build(name: str) -> SuperResolver:
    torch.manual_seed(3)
    return model_class(name)()


def batch(model: SuperResolver, *size: int) -> list[torch.Tensor]:
    """Random arguments of `forward`: images (N, 3, H, W) and, where it takes them, features."""
    torch.manual_seed(5)
    images, height, width = size
    low = torch.rand(images, 3, height, width)
    features = {
        None: [],
        "vgg": [torch.rand(images, 128, height // 2, width // 2)],
        "clip": [torch.randn(images, 512)],
    }
    return [low, *features[model.frozen]]


@each_of_report
def test_the_class_is_named_as_in_the_report(name):
    assert model_class(name).__name__ == REPORT[name][0]


@each_of_report
def test_parameters_are_as_many_as_the_design_counts(name):
    model = build(name)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == REPORT[name][1]


@each_of_report
def test_outputs_are_those_of_the_report(name):
    assert model_class(name).outputs == REPORT[name][2]


@each_model
def test_no_parameter_is_frozen(name):
    """Frozen extractors stand outside, so a checkpoint holds what was trained and nothing else."""
    model = build(name)
    assert all(p.requires_grad for p in model.parameters())
    buffers = dict(model.named_buffers())
    assert model.state_dict().keys() == dict(model.named_parameters()).keys() | buffers.keys()
    # Statistics of a normalisation are a few numbers a channel; a frozen network is far more.
    trained = sum(p.numel() for p in model.parameters())
    assert sum(buffer.numel() for buffer in buffers.values()) < 0.05 * trained


@each_model
@pytest.mark.parametrize("size", [(2, 16, 16), (1, 12, 20), (3, 9, 13)])
def test_names_shapes_and_range_of_the_outputs(name, size):
    model = build(name)
    with torch.no_grad():
        for parameter in model.parameters():  # wild weights: the range must hold for any
            parameter.mul_(4)
        outputs = model(*batch(model, *size))
    images, height, width = size
    assert tuple(outputs) == model.outputs
    for output, x in outputs.items():
        scale = OUTPUTS[output]
        assert x.shape == (images, 3, scale * height, scale * width)
        if name in REPORT:  # a sigmoid; the others may leave the range, and are clipped when saved
            assert x.min() >= 0
            assert x.max() <= 1
        assert x.isfinite().all()
        assert x.std() > 0


@each_model
def test_one_output_alone_is_that_of_all(name):
    model = build(name).eval()
    arguments = batch(model, 2, 9, 14)
    with torch.inference_mode():
        together = model(*arguments)
        for output in model.outputs:
            torch.testing.assert_close(
                model.forward_output(output, *arguments), together[output], rtol=0, atol=1e-6
            )


@pytest.mark.parametrize(
    ("name", "output", "idle"),
    [
        ("subpixel", "mid", "heads.large"),
        ("subpixel", "large", "heads.mid"),
        ("residual", "mid", "block3"),
        ("dilated", "mid", "block3.branches.0"),
    ],
)
def test_one_output_alone_leaves_the_work_of_the_others(name, output, idle):
    model, ran = build(name), []
    model.get_submodule(idle).register_forward_hook(lambda *_: ran.append(idle))
    model.forward_output(output, *batch(model, 1, 8, 8))
    assert ran == []
    model(*batch(model, 1, 8, 8))
    assert ran == [idle], "the hook hears nothing"


@each_model
def test_every_parameter_gets_a_gradient(name):
    model = build(name)
    outputs = model(*batch(model, 2, 12, 16))
    losses = [inverse_psnr(x, torch.rand_like(x)) for x in outputs.values()]
    torch.stack(losses).sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().sum() > 0, key


@each_model
def test_an_image_does_not_depend_on_its_neighbours(name):
    model = build(name).eval()
    arguments = batch(model, 3, 10, 14)
    with torch.no_grad():
        together = model(*arguments)
        for i in range(3):
            alone = model(*(x[i : i + 1] for x in arguments))
            for output in model.outputs:
                torch.testing.assert_close(
                    together[output][i : i + 1], alone[output], rtol=0, atol=1e-6
                )


@each_model
def test_memory_order_does_not_change_the_values(name):
    model = build(name)
    arguments = batch(model, 2, 10, 14)
    last = [x.to(memory_format=torch.channels_last) if x.dim() == 4 else x for x in arguments]
    with torch.no_grad():
        expected = model(*arguments)
        ours = model.to(memory_format=torch.channels_last)(*last)
    for output in model.outputs:
        torch.testing.assert_close(ours[output], expected[output], rtol=0, atol=1e-5)


@each_model
def test_few_steps_of_adam_lower_the_loss(name):
    model = build(name)
    arguments = batch(model, 2, 8, 8)
    targets = {
        output: torch.nn.functional.interpolate(arguments[0], scale_factor=OUTPUTS[output])
        for output in model.outputs
    }
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        outputs = model(*arguments)
        loss = torch.stack([inverse_psnr(outputs[k], targets[k]) for k in targets]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_sets_hold_models_and_every_model_is_in_one():
    assert {name for members in SETS.values() for name in members} == set(MODELS)
    for members in SETS.values():
        assert set(members) <= set(MODELS)
    assert not set(SETS) & set(MODELS), "a name is either a model or a set"


def test_the_table_imports_no_model():
    modules = imported_by("import srcore.models.registry")
    assert {m for m in modules if m.startswith("srcore")} == {
        "srcore",
        "srcore.models",
        "srcore.models.registry",
    }
    assert not {"torch", "numpy"} & modules


def test_asking_for_one_model_imports_its_file_alone():
    """The train stages depend on the files they import: editing one model retrains that one."""
    modules = imported_by("from srcore.models.registry import model_class; model_class('vgg')")
    assert {m for m in modules if m.startswith("srcore")} == {
        "srcore",
        "srcore.models",
        "srcore.models.registry",
        "srcore.models.base",
        "srcore.models.vgg",
    }


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError, match="nope"):
        model_class("nope")


@pytest.mark.parametrize("doublings", [1, 2])
@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (2, 3, 5, 8), (1, 3, 72, 72)])
def test_images_enlarge_the_same_in_training_and_outside(doublings, shape):
    """As matrix products where gradients are kept, else by torch; forward and backward."""
    x = torch.rand(shape, requires_grad=True)
    expected = x
    for _ in range(doublings):
        expected = upsample2x(expected)
    weight = torch.rand_like(expected)
    torch.testing.assert_close(upsample_image(x, doublings), expected, atol=1e-6, rtol=0)
    found = torch.autograd.grad((upsample_image(x, doublings) * weight).sum(), x)
    torch.testing.assert_close(
        found, torch.autograd.grad((expected * weight).sum(), x), atol=1e-5, rtol=1e-5
    )
    with torch.no_grad():
        assert upsample_image(x, doublings).equal(expected)


@pytest.mark.parametrize("name", ["multi", "subpixel"])
def test_an_export_leaves_nothing_behind(name):
    """Matrices are kept from one call to the next, and must not be those of a traced call."""
    model, low = model_class(name)(), torch.rand(1, 3, 9, 13)
    torch.export.export(model, (low,))
    for image in model(low).values():
        assert type(image) is torch.Tensor
