"""Numba kernels on plain arrays: sums over risk sets, concordance, elastic net, absolute risk.

Imports only numpy and numba. A cached kernel calls only kernels of its own file: numba does not notice an edit in
another one.
"""

from prognosis.kernels.compiling import announce_compiling

announce_compiling()
