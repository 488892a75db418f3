"""The numbers of `simulate.core.random_streams`, drawn by one compiled call per array.

Moving numpy's generator to the address of every replicate takes longer than drawing the numbers of
a small study. This module implements Philox and numpy's uniforms and ziggurat normals, so that an
array is filled in one pass. The bits are identical to numpy's; this is checked when the module is
loaded, and `exact` reports the result.

Salmon JK et al. *Proc SC11* 2011; Marsaglia G, Tsang WW. *J Stat Softw* 2000;5(8).
"""

import math
from decimal import Decimal, localcontext

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ZERO, _ONE, _ELEVEN = np.uint64(0), np.uint64(1), np.uint64(11)
_LAYER, _EIGHT, _MANTISSA = np.uint64(0xFF), np.uint64(8), np.uint64(0x000FFFFFFFFFFFFF)
_STEP = 1.0 / 9007199254740992.0

#: Start of the tail of the ziggurat, and the digits with which its table is computed.
_START, _DIGITS = Decimal("3.6541528853610087963519472518"), 40
_TAIL = float(_START)


#: Differences of numpy's layer widths from the exact ones, in units in the last place.
_UNITS = (
    -9, -130, -40, -33, -28, -26, -26, -22, -22, -11, -10, -9, -8, -8, -8, -8, -8, -9, -8,
    -8, -9, -9, -9, -10, -9, -8, -8, -7, -8, -8, -8, -7, -8, -8, -7, -7, -8, -8, -6, -6, -6,
    -5, -5, -6, -5, -6, -5, -5, -5, -5, -6, -6, -3, -4, -4, -4, -4, -4, -4, -4, -3, -4, -3,
    -3, -3, -3, -4, -3, -4, -3, -3, -4, -3, -2, -2, -3, -3, -3, -4, -3, -3, -3, -3, -3, -3,
    -3, -2, -2, -2, -2, -2, -1, -1, -1, -1, -1, -2, -2, -1, -2, -2, -2, -2, -2, -1, -2, -2,
    -2, -2, -2, -3, -3, -3, -2, -2, -2, -1, -1, -2, -2, -2, -2, -1, -1, -1, -1, -1, -2, -2,
    -2, -1, -1, -2, -2, -2, -2, -2, -2, -2, -2, -3, -4, -4, -4, -3, -3, -3, -3, -2, -2, -2,
    -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, -1, -1, 0, -1, 0, -1, -1, -1, 0, 0, 0, 1, 2, 3, 3, 3,
    2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -2, -1, -2,
    -2, -2, -2, -2, -2, -1, -1, -1, -1, -1, 0, -1, -1, -1, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0,
    0, -1, 0, 0, -1, 0, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0,
    1, 1, 0,
)  # fmt: skip


def _layers() -> tuple[NDArray[np.uint64], Floats, Floats]:
    """Return the table of numpy's ziggurat: 256 layers of equal area under the normal density.

    Computed in decimals, to be the same on every machine, and then shifted by `_UNITS`.
    """
    inside, width, height = np.zeros(256, np.uint64), np.zeros(256), np.zeros(256)
    scale = 2**52
    with localcontext(prec=_DIGITS):
        x = _START
        area = x * _density(x) + _beyond(x)
        base = area / _density(x)
        inside[0], width[0], height[0] = int(x / base * scale), float(base / scale), 1.0
        width[255], height[255] = float(x / scale), float(_density(x))
        for i in range(254, 0, -1):
            before, x = x, (-2 * (area / x + _density(x)).ln()).sqrt()
            inside[i + 1] = int(x / before * scale)
            width[i], height[i] = float(x / scale), float(_density(x))
    return inside, width + np.array(_UNITS) * np.spacing(width), height


def _density(x: Decimal) -> Decimal:
    return (-x * x / 2).exp()


def _beyond(x: Decimal) -> Decimal:
    """Return the integral of the density beyond x, by its continued fraction."""
    fraction = x
    for k in range(300, 0, -1):
        fraction = x + k / fraction
    return _density(x) / fraction


_INSIDE, _WIDTH, _HEIGHT = _layers()


@intrinsic
def _high(context, a, b):
    """Return the upper 64 bits of a product of two 64-bit numbers."""

    def generate(context, builder, signature, arguments):
        wide = ir.IntType(128)
        x, y = (builder.zext(each, wide) for each in arguments)
        product = builder.lshr(builder.mul(x, y), ir.Constant(wide, 64))
        return builder.trunc(product, ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@njit(inline="always")
def _philox(c0, c1, c2, c3, k0, k1):
    """Return the four numbers of a counter: ten rounds."""
    for _ in range(10):
        h0, l0 = _high(_M0, c0), _M0 * c0
        h1, l1 = _high(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0 += _W0
        k1 += _W1
    return c0, c1, c2, c3


@njit(nogil=True, cache=True)
def _fill_uniform(out, k0, k1, first, first_chunk, per_chunk):
    rows, n = out.shape
    for row in range(rows):
        at, chunk = 0, np.uint64(first_chunk)
        replicate = np.uint64(first + row)
        while at < n:
            end = min(at + per_chunk, n)
            i = _ONE
            while at < end:
                four = _philox(i, _ZERO, chunk, replicate, k0, k1)
                i += _ONE
                for number in four:
                    if at < end:
                        out[row, at] = (number >> _ELEVEN) * _STEP
                        at += 1
            chunk += _ONE


@njit(nogil=True, cache=True)
def _next(state, buffer, chunk, replicate, k0, k1):
    """Return the next 64 bits of an address; ``state`` holds the counter and the number used."""
    if state[1] == 4:
        a, b, c, d = _philox(np.uint64(state[0]), _ZERO, chunk, replicate, k0, k1)
        buffer[0], buffer[1], buffer[2], buffer[3] = a, b, c, d
        state[0] += 1
        state[1] = 0
    bits = buffer[state[1]]
    state[1] += 1
    return bits


@njit(nogil=True, cache=True)
def _fill_normal(out, k0, k1, first, first_chunk, per_chunk):
    rows, n = out.shape
    buffer, state = np.empty(4, np.uint64), np.empty(2, np.int64)
    for row in range(rows):
        at, chunk = 0, np.uint64(first_chunk)
        replicate = np.uint64(first + row)
        while at < n:
            end = min(at + per_chunk, n)
            state[0], state[1] = 1, 4
            while at < end:
                bits = _next(state, buffer, chunk, replicate, k0, k1)
                layer = bits & _LAYER
                bits >>= _EIGHT
                part = (bits >> _ONE) & _MANTISSA
                x = part * _WIDTH[layer]
                if bits & _ONE:
                    x = -x
                if part >= _INSIDE[layer]:
                    if layer == 0:
                        while True:
                            u = (_next(state, buffer, chunk, replicate, k0, k1) >> _ELEVEN) * _STEP
                            v = (_next(state, buffer, chunk, replicate, k0, k1) >> _ELEVEN) * _STEP
                            beyond, height = -(1.0 / _TAIL) * math.log1p(-u), -math.log1p(-v)
                            if height + height > beyond * beyond:
                                break
                        x = _TAIL + beyond
                        if (part >> _EIGHT) & _ONE:
                            x = -x
                    else:
                        u = (_next(state, buffer, chunk, replicate, k0, k1) >> _ELEVEN) * _STEP
                        low = _HEIGHT[layer]
                        if not (_HEIGHT[layer - _ONE] - low) * u + low < math.exp(-0.5 * x * x):
                            continue
                out[row, at] = x
                at += 1
            chunk += _ONE


def uniform(out: Floats, key: int, first: int, first_chunk: int, per_chunk: int) -> None:
    """Fill (replicate, number) with uniforms: ``per_chunk`` numbers from each address."""
    _fill_uniform(out, *_halves(key), first, first_chunk, per_chunk)


def normal(out: Floats, key: int, first: int, first_chunk: int, per_chunk: int) -> None:
    """Fill (replicate, number) with standard normals: ``per_chunk`` from each address."""
    _fill_normal(out, *_halves(key), first, first_chunk, per_chunk)


def _halves(key: int) -> tuple[np.uint64, np.uint64]:
    return np.uint64(key & (2**64 - 1)), np.uint64(key >> 64)


def _agrees() -> bool:
    """Return whether the numbers equal numpy's, for every layer and the tail several times."""
    key, n = 2**127 + 12345, 30_000
    ours = np.empty((2, 1, n))
    uniform(ours[0], key, 3, 2, n)
    normal(ours[1], key, 3, 2, n)
    counter = 2 * 2**128 + 3 * 2**192
    theirs = (
        np.random.Generator(np.random.Philox(counter=counter, key=key)).random(n),
        np.random.Generator(np.random.Philox(counter=counter, key=key)).standard_normal(n),
    )
    return all(np.array_equal(a[0], b) for a, b in zip(ours, theirs, strict=True))


#: Whether the numbers equal numpy's: false if a release of numpy changes its algorithm.
exact = _agrees()
