"""Files whose columns are separated by tabs."""

from wordorder.data.formats.csv_format import Csv


class Tsv(Csv):
    """The same as CSV: what separates the columns is found out."""
