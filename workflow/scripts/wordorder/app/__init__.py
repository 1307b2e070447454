"""The command `wordorder` and the exported models."""
