import pytest
import torch
from photographs import photographs
from skimage.metrics import structural_similarity
from torch.nn.functional import avg_pool2d, interpolate

from srcore.metrics.ssim import ssim


def scikit_images(output: torch.Tensor, target: torch.Tensor) -> float:
    """In float64, of one image (1, 3, H, W)."""
    return structural_similarity(
        target[0].double().numpy(),
        output[0].double().numpy(),
        channel_axis=0,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def blurred(target: torch.Tensor) -> torch.Tensor:
    return interpolate(avg_pool2d(target, 2), size=target.shape[2:], mode="bilinear")


def noisy(target: torch.Tensor) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return (target + 0.1 * torch.randn(target.shape, generator=random)).clamp(0, 1)


@pytest.mark.parametrize("degrade", [blurred, noisy, lambda x: 0.5 * x + 0.2, lambda x: 1 - x])
@pytest.mark.parametrize("target", photographs(), ids=lambda x: "x".join(map(str, x.shape[2:])))
def test_photographs_as_scikit_image(target, degrade):
    output = degrade(target)
    assert ssim(output, target).shape == (1,)
    assert ssim(output, target).item() == pytest.approx(scikit_images(output, target), abs=1e-4)


@pytest.mark.parametrize("size", [(11, 11), (12, 30), (31, 17), (150, 77)])
def test_random_images_as_scikit_image(size):
    random = torch.Generator().manual_seed(2)
    target = torch.rand(1, 3, *size, generator=random)
    output = (target + 0.2 * torch.rand(1, 3, *size, generator=random)).clamp(0, 1)
    assert ssim(output, target).item() == pytest.approx(scikit_images(output, target), abs=1e-4)


@pytest.mark.parametrize("size", [(10, 40), (40, 10)])
def test_an_image_smaller_than_the_window_is_refused(size):
    with pytest.raises(ValueError, match="at least 11 pixels on each side"):
        ssim(torch.rand(1, 3, *size), torch.rand(1, 3, *size))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_images(value):
    """Their variance is nothing but rounding."""
    target = torch.full((1, 3, 20, 24), value)
    output = (target - 0.1).abs()
    assert ssim(target, target).item() == pytest.approx(1, abs=1e-5)
    assert ssim(output, target).item() == pytest.approx(scikit_images(output, target), abs=1e-3)


def test_each_image_on_its_own():
    random = torch.Generator().manual_seed(4)
    target = torch.rand(3, 3, 16, 24, generator=random)
    spread = torch.tensor([0.0, 0.1, 0.4])[:, None, None, None]
    output = (target + spread * torch.randn(target.shape, generator=random)).clamp(0, 1)
    together = ssim(output, target)
    alone = torch.cat([ssim(output[i : i + 1], target[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
    assert together[0].item() == pytest.approx(1, abs=1e-5)
    assert together[0] > together[1] > together[2]
