"""The training losses: the reciprocal of PSNR (original study), L1, and L1 with a spectrum."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from srcore.metrics.psnr import SMALLEST_MSE, mean_squared_error

LARGEST_MSE = 0.5
"""From here (3 dB) the loss goes on as a straight line, see `inverse_psnr`."""
SPECTRUM_WEIGHT = 0.05
"""Of the spectrum beside L1; 0.05 to 0.2 gave the same within 0.01 dB."""
_LARGEST_LOSS = -0.1 / math.log10(LARGEST_MSE)
_SLOPE = 10 * _LARGEST_LOSS**2 / (LARGEST_MSE * math.log(10))


def inverse_psnr(output: Tensor, target: Tensor) -> Tensor:
    """Mean over the images of 1 / PSNR (the original study's "PSNRLoss", step 2).

    PSNR is −10·log10(MSE). Its reciprocal has a pole at MSE 1 and is negative beyond, where it
    would reward error, so above `LARGEST_MSE` its tangent stands in: always rising, never flat.

    Args:
        output: (N, C, H, W), meant to lie in [0, 1].
        target: (N, C, H, W) in [0, 1].

    Returns:
        A scalar; 0.0366 is 27.3 dB.
    """
    mse = mean_squared_error(output, target)
    within = mse.clamp(SMALLEST_MSE, LARGEST_MSE)
    loss = -0.1 / torch.log10(within) + _SLOPE * (mse - LARGEST_MSE).clamp(min=0)
    return loss.mean()


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error: two (N, C, H, W) in [0, 1] → a scalar."""
    return F.l1_loss(output, target)


def l1_fft(output: Tensor, target: Tensor) -> Tensor:
    """L1 plus the mean absolute difference of the spectra, weighted (as SMFANet's recipe has it).

    The spectrum is the unnormalised real FFT over the image, real and imaginary parts apart. It
    counts about ten times as much as the first part, and has errors in proportion to their size at
    each frequency, while errors of pixels hide behind one another.

    Args:
        output: (N, C, H, W).
        target: (N, C, H, W).

    Returns:
        A scalar.
    """
    loss: Tensor = _L1AndSpectrum.apply((output - target).float())  # type: ignore[assignment]
    return loss


class _L1AndSpectrum(torch.autograd.Function):
    """`l1_fft` of a difference (N, C, H, W).

    The gradient of the spectrum's part is one real inverse FFT of signs. torch derives a complex
    FFT of twice the size from `rfft2`, which took a tenth of a whole training step in bfloat16.
    """

    @staticmethod
    def forward(ctx: Any, difference: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        spectrum = torch.fft.rfft2(difference)
        parts = torch.view_as_real(spectrum)
        loss = difference.abs().mean() + SPECTRUM_WEIGHT * parts.abs().mean()
        parts.sgn_()
        ctx.save_for_backward(difference, spectrum)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        difference, signs = ctx.saved_tensors
        width = difference.shape[-1]
        # An inverse counts a column of the half spectrum for its mirror image, too, except the
        # first, and the middle one of an even width.
        once = grad_output.new_full((signs.shape[-1],), 0.5)
        once[:: width // 2 if width % 2 == 0 else width] = 1
        share = grad_output * SPECTRUM_WEIGHT / (2 * signs.numel())
        gradient = torch.fft.irfft2(signs * (once * share), s=difference.shape[-2:], norm="forward")
        return gradient.addcmul_(difference.sgn(), grad_output / difference.numel())


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "inverse_psnr": inverse_psnr,
    "l1": l1,
    "l1_fft": l1_fft,
}
"""Name of a training loss → its function of outputs and targets (N, C, H, W)."""
