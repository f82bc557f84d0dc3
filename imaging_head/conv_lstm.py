"""A network that reads pictures in their order: long short-term memory whose gates are convolutions (Shi 2015)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from cohorts.errors import Finding, ImageError

Tensor = torch.Tensor


class ConvLstmCell(nn.Module):
    """One step in time: a picture and a state to the next state.

    Parameters
    ----------
    channels : of the picture. hidden : channels of the state. kernel : edge of the convolutions in pixels, odd.

    Notes
    -----
    With * a convolution and . a product pixel by pixel::

        i = sigmoid(Wxi * x + Whi * h + Wci . c + bi)        what enters the memory
        f = sigmoid(Wxf * x + Whf * h + Wcf . c + bf)        what stays in it
        c' = f . c + i . tanh(Wxc * x + Whc * h + bc)
        o = sigmoid(Wxo * x + Who * h + Wco . c' + bo)       what is shown of it
        h' = o . tanh(c')

    Source: Shi and others 2015 (arXiv 1506.04214), equation 3. Their weights Wci, Wcf and Wco are one number a pixel,
    ours one a channel, so that the cell does not depend on the size and place of what it sees. They begin at 0, the
    bias bf at 1 (Jozefowicz and others 2015): at the start the memory keeps.

    Raises
    ------
    ImageError
        I89 no channels, or an even kernel.
    """

    def __init__(self, channels: int, hidden: int, kernel: int = 3) -> None:
        super().__init__()
        if min(channels, hidden, kernel) < 1 or kernel % 2 == 0:
            rule = f"a cell of {channels} and {hidden} channels, kernel {kernel}"
            raise ImageError(Finding("I89", rule, "at least one channel each, and an odd kernel"))
        self.hidden = hidden
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, kernel, padding=kernel // 2)
        self.gates.bias = nn.Parameter(torch.zeros(4, hidden).index_fill(0, torch.tensor(1), 1.0).flatten())
        self.peepholes = nn.Parameter(torch.zeros(3, hidden, 1, 1))

    def forward(self, picture: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return (h', c') from a picture (n, channels, rows, columns) and (h, c), each (n, hidden, rows, columns)."""
        h, c = state
        enters, stays, new, shown = self.gates(torch.cat([picture, h], dim=1)).chunk(4, dim=1)
        of_input, of_forget, of_output = self.peepholes
        c = torch.sigmoid(stays + of_forget * c) * c + torch.sigmoid(enters + of_input * c) * torch.tanh(new)
        return torch.sigmoid(shown + of_output * c) * torch.tanh(c), c

    def start(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Return the empty state for such pictures."""
        empty = picture.new_zeros(len(picture), self.hidden, *picture.shape[2:])
        return empty, empty


class ConvLstmClassifier(nn.Module):
    """Series to one output: frames halved by a convolution, one cell through time, mean over the last picture.

    Parameters
    ----------
    outputs : of the last layer. hidden : channels of the cell.
    """

    def __init__(self, outputs: int = 2, hidden: int = 8) -> None:
        super().__init__()
        self.eye = nn.Conv2d(1, hidden, 3, stride=2, padding=1)
        self.cell = ConvLstmCell(hidden, hidden)
        self.last = nn.Linear(2 * hidden, outputs)

    def forward(self, series: Tensor) -> Tensor:
        """Return (n, outputs) of series (n, times, rows, columns)."""
        n, times = series.shape[:2]
        seen = torch.relu(self.eye(series.flatten(0, 1).unsqueeze(1))).unflatten(0, (n, times))
        h, c = self.cell.start(seen[:, 0])
        for moment in range(times):
            h, c = self.cell(seen[:, moment], (h, c))
        return self.last(torch.cat([h.mean(dim=(2, 3)), h.amax(dim=(2, 3))], dim=1))


class MeanFrameClassifier(nn.Module):
    """The rival that knows no time: the mean of all frames through three convolutions.

    Parameters
    ----------
    outputs : of the last layer. hidden : channels of the first convolution; the others have two and four times as many.
    """

    def __init__(self, outputs: int = 2, hidden: int = 8) -> None:
        super().__init__()
        widths = (1, hidden, 2 * hidden, 4 * hidden)
        layers = [nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.ReLU()) for a, b in pairwise(widths)]
        self.eye = nn.Sequential(*layers)
        self.last = nn.Linear(2 * widths[-1], outputs)

    def forward(self, series: Tensor) -> Tensor:
        """Return (n, outputs) of series (n, times, rows, columns)."""
        seen = self.eye(series.mean(dim=1, keepdim=True))
        return self.last(torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1))
