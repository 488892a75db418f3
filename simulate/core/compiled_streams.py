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
_NINE, _TO_SIGN, _SIGN = np.uint64(9), np.uint64(55), np.uint64(1 << 63)
_STEP = 1.0 / 9007199254740992.0

#: Counters whose numbers are computed in advance.
_BATCH = 128

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


@intrinsic
def _bits(context, number):
    """Return the bits of a float64."""
    return types.uint64(types.float64), lambda c, b, s, a: b.bitcast(a[0], ir.IntType(64))


@intrinsic
def _real(context, bits):
    """Return the float64 of these bits."""
    return types.float64(types.uint64), lambda c, b, s, a: b.bitcast(a[0], ir.DoubleType())


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
def _refill(buffer, state, count, chunk, replicate, k0, k1):
    """Put the numbers of the next ``count`` counters into the buffer, which has been used up.

    Counters do not depend on each other, so that the processor works on several at a time.
    """
    first = state[2]
    for b in range(count):
        n0, n1, n2, n3 = _philox(np.uint64(first + b), _ZERO, chunk, replicate, k0, k1)
        buffer[4 * b], buffer[4 * b + 1] = n0, n1
        buffer[4 * b + 2], buffer[4 * b + 3] = n2, n3
    state[0], state[1], state[2] = 0, 4 * count, first + count


@njit(nogil=True, cache=True)
def _next_uniform(buffer, state, chunk, replicate, k0, k1):
    """Return the next number of an address; ``state``: used, held, the next counter."""
    if state[0] == state[1]:
        _refill(buffer, state, 1, chunk, replicate, k0, k1)
    bits = buffer[state[0]]
    state[0] += 1
    return (bits >> _ELEVEN) * _STEP


@njit(nogil=True, cache=True)
def _at_the_edge(x, layer, part, buffer, state, chunk, replicate, k0, k1):
    """Return a normal that is not inside its layer's rectangle; NaN: draw another one."""
    if layer == 0:
        while True:
            u = _next_uniform(buffer, state, chunk, replicate, k0, k1)
            v = _next_uniform(buffer, state, chunk, replicate, k0, k1)
            beyond, height = -(1.0 / _TAIL) * math.log1p(-u), -math.log1p(-v)
            if height + height > beyond * beyond:
                break
        return -(_TAIL + beyond) if (part >> _EIGHT) & _ONE else _TAIL + beyond
    u = _next_uniform(buffer, state, chunk, replicate, k0, k1)
    low = _HEIGHT[layer]
    below = (_HEIGHT[layer - _ONE] - low) * u + low < math.exp(-0.5 * x * x)
    return x if below else math.nan


@njit(nogil=True, cache=True)
def _fill_normal(out, k0, k1, first, first_chunk, per_chunk):
    rows, n = out.shape
    buffer, state = np.empty(4 * _BATCH, np.uint64), np.empty(3, np.int64)
    for row in range(rows):
        at, chunk = 0, np.uint64(first_chunk)
        replicate = np.uint64(first + row)
        while at < n:
            end = min(at + per_chunk, n)
            state[0], state[1], state[2] = 0, 0, 1
            used = held = 0
            while at < end:
                if used == held:
                    count = min(_BATCH, (end - at + 3) // 4)
                    _refill(buffer, state, count, chunk, replicate, k0, k1)
                    used, held = 0, 4 * count
                bits = buffer[used]
                used += 1
                layer = bits & _LAYER
                part = (bits >> _NINE) & _MANTISSA
                # a float's sign is its first bit: no branch that the processor would guess wrong
                sign = (bits << _TO_SIGN) & _SIGN
                x = _real(_bits(np.int64(part) * _WIDTH[layer]) ^ sign)
                if part >= _INSIDE[layer]:
                    state[0], state[1] = used, held
                    x = _at_the_edge(x, layer, part, buffer, state, chunk, replicate, k0, k1)
                    used, held = state[0], state[1]
                    if math.isnan(x):
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
