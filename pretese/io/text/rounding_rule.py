"""The rounding rule of written numbers: the same bytes on any processor.

Processors differ in the last bits of exponentials, logarithms and matrix products, by 1e-16 to
1e-11 of a number. So every computed number is rounded before it is written, handed from a worker
to the process that asked, or printed:

===============================================  ===========================================
what is written                                  rounded to
===============================================  ===========================================
whole numbers, counts, codes, dates              exact
one value per simulated study or trial           `REPLICATE_DIGITS` significant digits
summaries, estimates of one analysis, JSON       `DOCUMENT_DIGITS` significant digits
measured values of patients                      the resolution of the laboratory (scenario)
true latent values (propensity, liability)       steps of 1e-6, in the model itself
times of the clinic                              exact multiples of 2^-20 of a day
===============================================  ===========================================

No zero has a sign. Numbers on the edge between two rounded values, as ratios of counts often are,
go to the even side on every processor (`estimate.core.rounding`). A number that lies within the
processors' difference of the new edge, which no simple ratio meets, may still fall to either side:
about one in ten million of those of one simulated study, fewer of the others.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.core.rounding import significant

if TYPE_CHECKING:  # both are slow to load, and documents of plain values need neither
    import pandas as pd
    import pyarrow as pa

#: Significant digits of one value per simulated study or trial: millions may be written.
REPLICATE_DIGITS = 6

#: Significant digits of summaries, and of the estimates of one analysis.
DOCUMENT_DIGITS = 8


def rounded_replicates(values: ArrayLike) -> NDArray[Any]:
    """Return values of simulated studies or trials as they are kept; other types stay.

    >>> rounded_replicates(np.array([0.12345678, -0.0, 395.0])).tolist()
    [0.123457, 0.0, 395.0]
    """
    array = np.asarray(values)
    return significant(array, REPLICATE_DIGITS) if array.dtype.kind == "f" else array


def rounded_columns(table: "pa.Table") -> "pa.Table":
    """Return a table of values of simulated studies as they are kept."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_float64(field.type):
            column = table.column(place)
            values = significant(column.to_numpy(), REPLICATE_DIGITS)
            kept = pa.array(values, field.type, mask=np.asarray(column.is_null()))
            table = table.set_column(place, field, kept)
    return table


def rounded_table(table: "pd.DataFrame", digits: int = DOCUMENT_DIGITS) -> "pd.DataFrame":
    """Return a table whose columns of floating-point numbers are rounded.

    >>> import pandas as pd
    >>> rounded_table(pd.DataFrame({"n": [2], "share": [2 / 3]})).to_dict("records")
    [{'n': 2, 'share': 0.66666667}]
    """
    numbers = [name for name, kind in table.dtypes.items() if kind == np.float64]
    return table.assign(**{name: significant(table[name], digits) for name in numbers})


def rounded_document(document: Any, digits: int = DOCUMENT_DIGITS) -> Any:
    """Return a document of plain values with every floating-point number in it rounded.

    >>> rounded_document({"bias": [-1e-20 / 3, -0.0], "patients": 569})
    {'bias': [-3.3333333e-21, 0.0], 'patients': 569}
    """
    if isinstance(document, Mapping):
        return {name: rounded_document(value, digits) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [rounded_document(value, digits) for value in document]
    if isinstance(document, float):
        return float(significant(document, digits))
    return document
