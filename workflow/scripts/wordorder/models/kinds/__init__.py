"""The kinds of model, a file each; see `models/kind.py`."""
