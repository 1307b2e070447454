"""Files, logs and errors."""
