"""The small LSTM language model of Zaremba, Sutskever and Vinyals (arXiv 1409.2329), with tied embeddings.

Two layers of 200 units; the table of embeddings (arXiv 1608.05859) is the output layer too.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

UNITS, LAYERS = 200, 2

State = tuple[Tensor, Tensor]


class WordModel(nn.Module):
    """Embeddings of words to the logits of the next word.

    Parameters
    ----------
    words
        How many there are in the vocabulary.
    dropout
        While training, on links that are not recurrent.
    """

    def __init__(self, words: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, UNITS)
        self.lstm = nn.LSTM(UNITS, UNITS, LAYERS, batch_first=True, dropout=dropout)
        self.bias = nn.Parameter(torch.zeros(words))
        self.dropout = nn.Dropout(dropout)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Logits (N, words) of the word after embeddings (N, T, 200), from a state of zeros."""
        # cuDNN refuses a backward pass through an LSTM in evaluation mode.
        with torch.backends.cudnn.flags(enabled=False) if embeddings.is_cuda else nullcontext():
            outputs, _ = self.lstm(embeddings)
        return self.logits(outputs[:, -1])

    def unroll(self, numbers: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Outputs (N, T, 200) after each of the words ``numbers`` (N, T), and the state after the last."""
        outputs, state = self.lstm(self.dropout(self.embedding(numbers)), state)
        return self.dropout(outputs), state

    def logits(self, outputs: Tensor) -> Tensor:
        """Of every word, from the outputs of the upper layer."""
        return functional.linear(outputs, self.embedding.weight, self.bias)
