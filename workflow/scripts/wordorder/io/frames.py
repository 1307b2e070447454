"""Tables of results, as pandas reads them."""

from pathlib import Path

import pandas as pd


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV table; only an empty cell is a missing value, and not a word or a name such as null or NA."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])
