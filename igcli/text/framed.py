"""A network of transformers as a function of the embeddings of a text's own words: torch modules, imported late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from igcli.lazy import torch


def framed(network: Any, before: Sequence[int], after: Sequence[int]) -> torch.nn.Module:
    """Embeddings (N, T, D) to logits (N, K), with fixed special tokens around them.

    Parameters
    ----------
    network
        Takes ``inputs_embeds`` and ``attention_mask``; returns ``logits``, (N, K), or of each place, (N, L, K), of
        which the last is taken.
    before, after
        The numbers of the special tokens.
    """

    class Framed(torch.nn.Module):
        """The network between special tokens."""

        before: torch.Tensor
        after: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            table = network.get_input_embeddings()
            for name, numbers in (("before", before), ("after", after)):
                row = torch.tensor(list(numbers), dtype=torch.long, device=table.weight.device)
                self.register_buffer(name, table(row).detach())

        def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
            """Logits (N, K)."""
            ends = [each.expand(len(embeddings), *each.shape).to(embeddings) for each in (self.before, self.after)]
            whole = torch.cat([ends[0], embeddings, ends[1]], dim=1)
            mask = torch.ones(whole.shape[:2], dtype=torch.long, device=whole.device)
            logits: torch.Tensor = self.network(inputs_embeds=whole, attention_mask=mask).logits
            return logits[:, -1] if logits.ndim == 3 else logits

    return Framed().eval()
