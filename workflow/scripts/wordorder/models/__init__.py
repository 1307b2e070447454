"""The kinds of model and the layers that they are built from."""
