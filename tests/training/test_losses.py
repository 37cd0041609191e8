import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from literal import L1AndSpectrum, PSNRLoss
from photographs import photographs
from skimage.metrics import peak_signal_noise_ratio

from srcore.metrics.psnr import SMALLEST_MSE, mean_squared_error, psnr
from srcore.training.losses import LARGEST_MSE, inverse_psnr, l1_fft


def of_mse(mse: float) -> torch.Tensor:
    """The loss of an image whose error is `mse`."""
    target = torch.zeros(1, 3, 4, 6, dtype=torch.float64)
    return inverse_psnr(torch.full_like(target, math.sqrt(mse)), target)


def noisy(*shape: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    target = torch.rand(*shape, generator=random, dtype=dtype)
    noise = torch.randn(*shape, generator=random, dtype=dtype)
    spread = torch.linspace(0.02, 0.3, len(target), dtype=dtype)[:, None, None, None]
    return (target + spread * noise).clamp(0, 1), target


def test_mean_squared_error_is_per_image():
    output, target = noisy(4, 3, 10, 14)
    expected = [np.mean((a.numpy() - b.numpy()) ** 2) for a, b in zip(output, target, strict=True)]
    np.testing.assert_allclose(mean_squared_error(output, target), expected, rtol=1e-5)


@pytest.mark.parametrize("target", photographs(), ids=lambda x: "x".join(map(str, x.shape[2:])))
def test_psnr_of_photographs_is_scikit_images(target):
    random = torch.Generator().manual_seed(0)
    output = (target + 0.1 * torch.randn(target.shape, generator=random)).clamp(0, 1)
    expected = peak_signal_noise_ratio(target[0].numpy(), output[0].numpy(), data_range=1)
    assert psnr(output, target).shape == (1,)
    assert psnr(output, target).item() == pytest.approx(expected, abs=1e-3)


def test_psnr_is_per_image_not_pooled():
    output, target = noisy(5, 3, 12, 20)
    expected = [
        peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1)
        for a, b in zip(output, target, strict=True)
    ]
    np.testing.assert_allclose(psnr(output, target), expected, atol=1e-3)


def test_psnr_of_equal_images_is_100_db():
    target = torch.rand(2, 3, 5, 7)
    torch.testing.assert_close(psnr(target, target), torch.tensor([100.0, 100.0]))


def test_inverse_psnr_is_the_reports_for_ordinary_errors():
    output, target = noisy(6, 3, 10, 14)
    output.requires_grad_()
    ours, theirs = inverse_psnr(output, target), PSNRLoss()(output, target)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)
    (gradient,), (expected,) = (torch.autograd.grad(loss, output) for loss in (ours, theirs))
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-9)


@given(st.floats(-9.9, math.log10(LARGEST_MSE)))
def test_inverse_psnr_is_one_over_psnr(exponent):
    assert of_mse(10**exponent).item() == pytest.approx(1 / (-10 * exponent), rel=1e-6)


def test_the_reports_figure():
    assert of_mse(10**-2.73).item() == pytest.approx(0.0366, abs=5e-5)  # 27.3 dB


def test_inverse_psnr_averages_over_images():
    output, target = noisy(4, 3, 8, 8)
    single = [inverse_psnr(output[i : i + 1], target[i : i + 1]) for i in range(4)]
    torch.testing.assert_close(inverse_psnr(output, target), torch.stack(single).mean())


def test_inverse_psnr_is_finite_and_rises_with_the_error():
    errors = [0, 1e-14, SMALLEST_MSE, 1e-9, 1e-6, 1e-3, 0.1, 0.4, 0.4999, 0.5, 0.5001]
    errors += [0.9, 0.999999, 1, 1.000001, 1.1, 2, 10, 1e4]
    losses = [of_mse(mse).item() for mse in errors]
    assert all(math.isfinite(loss) and loss > 0 for loss in losses)
    assert losses == sorted(losses)
    above = losses[errors.index(SMALLEST_MSE) :]
    assert all(b > a for a, b in itertools.pairwise(above))


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_larger_error_never_costs_less(one, other):
    low, high = sorted([one, other])
    assert of_mse(low) <= of_mse(high) + 1e-12


def test_value_and_slope_are_continuous_where_the_line_begins():
    step = 1e-6
    at, before, after = (of_mse(LARGEST_MSE + d).item() for d in (0, -step, step))
    assert before == pytest.approx(at, abs=2e-5)
    assert after == pytest.approx(at, abs=2e-5)
    assert (at - before) / step == pytest.approx((after - at) / step, rel=1e-3)


@pytest.mark.parametrize("mse", [1e-4, 0.1, 0.6, 1.0, 1.5, 40.0])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_gradient_pushes_towards_the_target(mse, sign):
    target = torch.rand(2, 3, 6, 8)
    output = (target + sign * math.sqrt(mse)).requires_grad_()
    loss = inverse_psnr(output, target)
    (gradient,) = torch.autograd.grad(loss, output)
    assert torch.equal(gradient.sign(), torch.full_like(target, sign))
    assert inverse_psnr(output - 0.01 * gradient / gradient.abs().max(), target) < loss


def test_a_perfect_image_has_a_finite_gradient():
    target = torch.rand(2, 3, 6, 8)
    output = target.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(inverse_psnr(output, target), output)
    assert gradient.isfinite().all()


def test_nan_is_not_hidden():
    target = torch.rand(1, 3, 4, 4)
    assert inverse_psnr(target * math.nan, target).isnan()
    assert psnr(target * math.nan, target).isnan()


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (10, 7), (5, 1), (4, 2)])
def test_l1_and_spectrum_is_the_literal_one(size):
    output, target = noisy(2, 3, *size, dtype=torch.float64)
    output.requires_grad_()
    found, expected = l1_fft(output, target), L1AndSpectrum()(output, target)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=0)
    slope, literal_slope = (torch.autograd.grad(3 * loss, output)[0] for loss in (found, expected))
    torch.testing.assert_close(slope, literal_slope, rtol=1e-4, atol=1e-8)


def test_the_spectrum_weighs_errors_that_repeat():
    """An error of one amplitude costs more when all of the image has it in one wave."""
    target = torch.zeros(1, 1, 16, 16)
    wave = torch.cos(torch.arange(16) * math.pi / 2).expand(1, 1, 16, 16)
    signs = torch.randint(2, (1, 1, 16, 16), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    scattered = signs * wave.abs()
    assert l1_fft(wave, target) < l1_fft(scattered, target)
    torch.testing.assert_close((wave - target).abs().mean(), (scattered - target).abs().mean())
