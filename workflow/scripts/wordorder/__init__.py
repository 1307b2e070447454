"""What word order, learned embeddings, masking and pretrained vectors buy in text classification.

The library behind the rules. Nothing is imported here, so that a job pays only for what it uses:
TensorFlow, JAX and Keras are loaded by the modules that vectorize, train or predict, and by no other.
"""
