"""From a corpus to integer arrays."""
