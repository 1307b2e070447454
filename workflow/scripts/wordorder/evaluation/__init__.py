"""Measures of predictions and word vectors, and what follows from them, with statistics."""
