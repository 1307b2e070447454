"""The chapter's models in PyTorch, as fast as it has them: what `benchmark_training.py` times ours against."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from wordorder.data.encoded import EncodedReviews
from wordorder.evaluation.timing import padded_batches
from wordorder.models.kind import GradientTrained
from wordorder.models.kinds.bag_of_words import BagOfWords
from wordorder.models.kinds.lstm import LSTM
from wordorder.models.kinds.transformer import Transformer
from wordorder.tokens import PADDING

if TYPE_CHECKING:
    from torch import Tensor


class BagNetwork(nn.Module):
    """The dense network over a bag of words; the product with a vector of zeros and ones is a sum of rows."""

    def __init__(self, variant: BagOfWords, vocabulary_size: int):
        super().__init__()
        self.hidden = nn.EmbeddingBag(vocabulary_size, variant.units, mode="sum", padding_idx=PADDING)
        self.bias = nn.Parameter(torch.zeros(variant.units))
        self.size = variant.units

    def forward(self, tokens: "Tensor") -> "Tensor":
        """Return the hidden layer for (batch, length) distinct token ids."""
        return functional.relu(self.hidden(tokens) + self.bias)


class LSTMNetwork(nn.Module):
    """The bidirectional LSTM, by `nn.LSTM`.

    `layout` says how reviews of unequal length are read where padding is masked: "packed", or "reversed", for which the
    second direction reads each review turned around within its length, so that padding comes last in both.
    """

    def __init__(self, variant: LSTM, vocabulary_size: int, vectors: np.ndarray | None, layout: str):
        super().__init__()
        self.variant, self.layout, self.vocabulary_size = variant, layout, vocabulary_size
        self.embedding = None
        if vectors is not None:
            self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(vectors))
        elif not variant.one_hot:
            self.embedding = nn.Embedding(vocabulary_size, variant.dimension)
        width = vocabulary_size if self.embedding is None else self.embedding.embedding_dim
        self.size = 2 * variant.units
        if layout == "reversed":
            self.directions = nn.ModuleList(nn.LSTM(width, variant.units, batch_first=True) for _ in range(2))
        else:
            self.lstm = nn.LSTM(width, variant.units, batch_first=True, bidirectional=True)

    def forward(self, tokens: "Tensor") -> "Tensor":
        """Return the last state of both directions, or the maximum over the words, for (batch, length) token ids."""
        words = tokens != PADDING
        counts = words.sum(1).clamp(min=1)
        if self.layout == "reversed":
            place = torch.arange(tokens.shape[1], device=tokens.device)
            backwards = tokens.gather(1, torch.where(words, counts[:, None] - 1 - place, place))
            read = [lstm(self.embed(each))[0] for lstm, each in zip(self.directions, (tokens, backwards), strict=True)]
            if self.variant.pooling == "max":
                states = torch.cat(read, 2).masked_fill(~words[:, :, None], -1)
                return states.max(1).values
            return torch.cat([states[torch.arange(len(tokens)), counts - 1] for states in read], 1)
        embedded = self.embed(tokens)
        if self.layout == "packed":
            embedded = pack_padded_sequence(embedded, counts.cpu(), batch_first=True, enforce_sorted=False)
        states, (hidden, _) = self.lstm(embedded)
        return states.max(1).values if self.variant.pooling == "max" else torch.cat([hidden[0], hidden[1]], 1)

    def embed(self, tokens: "Tensor") -> "Tensor":
        """Return a vector for each token, (batch, length, width)."""
        if self.embedding is None:
            # `functional.one_hot` makes integers of 64 bits, which have to be converted.
            zeros = torch.zeros(*tokens.shape, self.vocabulary_size, device=tokens.device)
            return zeros.scatter_(2, tokens[:, :, None], 1)
        return self.embedding(tokens)


class TransformerNetwork(nn.Module):
    """The Transformer of listing 11.25, its attention by `scaled_dot_product_attention`."""

    def __init__(self, variant: Transformer, vocabulary_size: int):
        super().__init__()
        size, self.heads = variant.dimension, variant.heads
        self.size = size
        self.embedding = nn.Embedding(vocabulary_size, size)
        self.positions = nn.Embedding(variant.sequence_length, size)
        # The heads of Keras are as wide as the input, those of `nn.MultiheadAttention` share its width.
        self.inputs = nn.Linear(size, 3 * size * self.heads)
        self.outputs = nn.Linear(size * self.heads, size)
        self.feed_forward = nn.Sequential(nn.Linear(size, variant.units), nn.ReLU(), nn.Linear(variant.units, size))
        self.norms = nn.ModuleList(nn.LayerNorm(size, eps=0.001) for _ in range(2))

    def forward(self, tokens: "Tensor") -> "Tensor":
        """Return the maximum over the words, for (batch, length) token ids."""
        words = tokens != PADDING
        x = self.embedding(tokens) + self.positions.weight[: tokens.shape[1]]
        query, key, value = self.inputs(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=words[:, None, None])
        x = self.norms[0](x + self.outputs(found.transpose(1, 2).flatten(2)))
        x = self.norms[1](x + self.feed_forward(x))
        return x.masked_fill(~words[:, :, None], -math.inf).max(1).values


def layouts(variant: GradientTrained) -> list[str]:
    """Return the ways to read reviews of unequal length, "padded" where the padding is read."""
    if not isinstance(variant, LSTM) or not variant.mask:
        return ["padded" if not variant.trims else "trimmed"]
    return ["reversed"] if variant.pooling == "max" else ["packed", "reversed"]


def torch_steps(
    data: EncodedReviews,
    variant: GradientTrained,
    vocabulary_size: int,
    sample: int,
    vectors: np.ndarray | None,
    threads: int,
    layout: str,
) -> Iterator[None]:
    """Take a step of the same model in PyTorch each time; where padding adds nothing, on our batches."""
    torch.set_num_threads(threads)
    # Else a step gets slower as the moving averages of unused rows fade.
    torch.set_flush_denormal(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network: nn.Module
    if isinstance(variant, BagOfWords):
        network = BagNetwork(variant, vocabulary_size)
    elif isinstance(variant, Transformer):
        network = TransformerNetwork(variant, vocabulary_size)
    else:
        assert isinstance(variant, LSTM)
        network = LSTMNetwork(variant, vocabulary_size, vectors, layout)
    model = nn.Sequential(network, nn.Dropout(variant.dropout), nn.Linear(network.size, 1)).to(device)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.RMSprop(learned, lr=0.001, alpha=0.9, eps=1e-7)
    for batch, labels in padded_batches(data, variant, sample if variant.trims else None):
        tokens = torch.from_numpy(batch).to(device).long()
        logits = model(tokens)[:, 0]
        loss = functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels).to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # As the others do: wait for the step.
        float(loss.detach())
        yield
