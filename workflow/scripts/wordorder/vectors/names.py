"""The names of pretrained vectors."""

# The matrices, by the names that the tables of word vectors have for them.
PRETRAINED = {name: f"{name} (pretrained)" for name in ("glove", "cbow")}
