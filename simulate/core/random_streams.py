"""Random streams: numbers addressed by (seed, purpose, replicate, patient), not by history.

A counter-based generator (Philox) is moved to the address of a replicate's chunk of patients before
every draw. A number therefore does not depend on the patients, replicates, workers or other
purposes drawn before it: a larger cohort begins with the smaller one, the two arms of a trial use
common random numbers, and a run can be divided into blocks of any size.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Location of numbers: a replicate of this run, and patients of one address.
Place = tuple[int, slice]

#: Patients per address. Changing it changes every random number.
CHUNK = 8192

#: Fills (replicate, number) from a key, the first replicate, the first chunk, numbers per chunk.
Kernel = Callable[[Floats, int, int, int, int], None]

_compiled = False


@contextmanager
def compiled_streams(wanted: bool) -> Iterator[bool]:
    """Use compiled kernels inside the block, if requested and numba is installed.

    The numbers are identical; kernels are faster from about a million numbers. Yields whether they
    are used.
    """
    global _compiled
    before = _compiled
    _compiled = wanted and find_spec("numba") is not None and _load_kernels()
    try:
        yield _compiled
    finally:
        _compiled = before


def uses_compiled_streams() -> bool:
    """Return whether random numbers and sequential algorithms use compiled kernels."""
    return _compiled


def _load_kernels() -> bool:
    from simulate.core import compiled_streams as kernels

    return kernels.exact


class RandomStreams:
    """The random numbers of a run of replicates ``first .. first + replicates - 1``.

    Parameters
    ----------
    seed
        Base seed, 0 or greater.
    patients
        Number of patients per replicate.
    replicates
        Number of replicates held along the leading axis of every array.
    first
        Absolute number of the first replicate, counted from 0.
    first_patient
        Absolute number of the first patient, counted from 0: a multiple of `CHUNK`. A study of any
        size can thus be simulated in slices of patients.

    Examples
    --------
    >>> small = RandomStreams(seed=1, patients=2).uniform("choice")
    >>> large = RandomStreams(seed=1, patients=9, replicates=3).uniform("choice")
    >>> bool((large[0, :2] == small[0]).all())
    True
    """

    __slots__ = ("first", "first_patient", "patients", "replicates", "seed")

    def __init__(
        self, seed: int, patients: int, replicates: int = 1, first: int = 0, first_patient: int = 0
    ) -> None:
        if min(seed, first) < 0 or min(patients, replicates) < 1:
            raise ValueError(
                "seed and first must be 0 or greater, patients and replicates 1 or greater; "
                f"got seed={seed}, first={first}, patients={patients}, replicates={replicates}"
            )
        if first_patient < 0 or first_patient % CHUNK:
            raise ValueError(
                f"first_patient must be 0 or a multiple of {CHUNK}; got {first_patient}"
            )
        self.seed = seed
        self.patients = patients
        self.replicates = replicates
        self.first = first
        self.first_patient = first_patient

    def uniform(self, purpose: str, width: int | None = None) -> Floats:
        """Draw uniforms on [0, 1), of shape (replicate, patient) or (replicate, patient, width)."""
        if _compiled:
            from simulate.core import compiled_streams as kernels

            return self._fill(purpose, width, kernels.uniform)
        return self._draw(purpose, width, lambda generator, out, _: generator.random(out=out))

    def normal(self, purpose: str, width: int | None = None) -> Floats:
        """Draw standard normals, of shape (replicate, patient) or (replicate, patient, width)."""
        if _compiled:
            from simulate.core import compiled_streams as kernels

            return self._fill(purpose, width, kernels.normal)
        return self._draw(
            purpose, width, lambda generator, out, _: generator.standard_normal(out=out)
        )

    def waiting(self, purpose: str, events: Sequence[int]) -> Floats:
        """Draw gamma variables: the time of a Poisson process of rate 1 to a number of events.

        Parameters
        ----------
        events
            (replicate,) whole numbers from 1, the same for all patients.

        Returns
        -------
        waiting
            (replicate, patient).
        """
        return self._draw(
            purpose,
            None,
            lambda generator, out, at: generator.standard_gamma(float(events[at[0]]), out=out),
        )

    def poisson(self, purpose: str, mean: Floats) -> Floats:
        """Draw Poisson counts of (replicate, patient) means.

        Unlike other numbers, a patient's count changes if the mean of an earlier patient changes.
        """

        def fill(generator: np.random.Generator, out: Floats, at: Place) -> None:
            out[...] = generator.poisson(mean[at])

        return self._draw(purpose, None, fill)

    def _fill(self, purpose: str, width: int | None, kernel: Kernel) -> Floats:
        """Draw all numbers in one call of a compiled kernel."""
        each = 1 if width is None else width
        numbers = np.empty((self.replicates, self.patients * each))
        first_chunk = self.first_patient // CHUNK
        kernel(numbers, _key(self.seed, purpose), self.first, first_chunk, CHUNK * each)
        return numbers.reshape(self.replicates, self.patients, *(() if width is None else (width,)))

    def _draw(
        self,
        purpose: str,
        width: int | None,
        fill: Callable[[np.random.Generator, Floats, Place], object],
    ) -> Floats:
        shape = (self.replicates, self.patients) + (() if width is None else (width,))
        numbers = np.empty(shape)
        address = _Address(self.seed, purpose)
        for row in range(self.replicates):
            for chunk, patients in enumerate(
                _chunks(self.patients), start=self.first_patient // CHUNK
            ):
                generator = address.generator_at(self.first + row, chunk)
                fill(generator, numbers[row, patients], (row, patients))
        return numbers


def _chunks(patients: int) -> Iterator[slice]:
    for start in range(0, patients, CHUNK):
        yield slice(start, min(start + CHUNK, patients))


def _key(seed: int, purpose: str) -> int:
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:16], "little")


def generator_of(seed: int, purpose: str) -> np.random.Generator:
    """Return a generator of its own for a purpose without patients, such as counts of events."""
    return np.random.Generator(np.random.Philox(key=_key(seed, purpose)))


class _Address:
    """One Philox generator that jumps to a (replicate, chunk) address of its purpose."""

    __slots__ = ("_bits", "_generator", "_state")

    def __init__(self, seed: int, purpose: str) -> None:
        self._bits = np.random.Philox(key=_key(seed, purpose))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state

    def generator_at(self, replicate: int, chunk: int) -> np.random.Generator:
        """Return the generator, moved; counter words 0 and 1 are left to the draws themselves."""
        counter = self._state["state"]["counter"]
        counter[:2] = 0
        counter[2] = chunk
        counter[3] = replicate
        self._bits.state = self._state
        return self._generator
