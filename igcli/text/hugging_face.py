"""Sequence classifiers and causal language models of the library transformers: ``hf:FOLDER`` or ``hf:ID``.

The network is given embeddings (``inputs_embeds``) of the text's words. The special tokens that its tokeniser adds
around them ([CLS], [SEP], <s>) are part of the network here: they are the same at every point of the path, from the
baseline on, and nothing is attributed to them. The attention mask is 1 everywhere, since no text is padded. Only
safetensors are read, and no code that comes with a model is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.devices import resolve_device
from igcli.models.freezing import in_evaluation_mode
from igcli.models.from_code import tensors_hash
from igcli.models.hub import config_in, folder_of, in_sentences, network_in, quietly, read_folder, transformers_library
from igcli.models.model import Provenance
from igcli.text.framed import framed
from igcli.text.model import TextModel
from igcli.text.tokens import Token, written

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "hf:"
NEEDED = "config.json, tokenizer.json and model.safetensors"


def load_hugging_face(name: str, *, device: str = "auto", offline: bool = False) -> TextModel:
    """The model in a folder, or of an id, which is downloaded once.

    Raises
    ------
    UsageError
        Without the extra; and for models of another kind.
    WeightsError
        For files that are missing, damaged, or hold more than tensors.
    """
    where = name.removeprefix(PREFIX)
    transformers = transformers_library()
    with quietly(transformers):
        folder = folder_of(where, offline=offline)
        with in_sentences(where, NEEDED):
            config = config_in(transformers, folder)
            tokenizer = read_folder(transformers.AutoTokenizer, folder)
            next_word = _is_causal(config, where)
            kind = transformers.AutoModelForCausalLM if next_word else transformers.AutoModelForSequenceClassification
            network, ignored = network_in(kind, folder, config)
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(f"{where} has no fast tokeniser, which says where its words are in the text: save one there.")
    network = in_evaluation_mode(network).to(resolve_device(device))
    tokeniser = PieceTokeniser(tokenizer, network)
    before, after = tokeniser.around
    model = TextModel(
        framed(network, before, () if next_word else after),
        _labels(config, tokenizer, next_word=next_word),
        tokeniser=tokeniser,
        next_word=next_word,
        longest=_longest(config, tokenizer, len(before) + len(after)),
        multi_label=not next_word and config.problem_type == "multi_label_classification",
        regression=not next_word and (config.problem_type == "regression" or config.num_labels == 1),
        provenance=Provenance(name, config.architectures[0], tensors_hash(network)),
        caveat=ignored,
    )
    model.at_once = 8  # a transformer takes much memory per word
    return model


class PieceTokeniser:
    """The tokens of a tokeniser of transformers, without the special ones; of a network whose table embeds them."""

    def __init__(self, tokenizer: Any, network: Any) -> None:
        self._tokenizer, self._network = tokenizer, network

    def tokenise(self, text: str) -> list[Token]:
        """The pieces of a text."""
        coded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        numbers = coded["input_ids"]
        names = self._tokenizer.convert_ids_to_tokens(numbers)
        spans = [_trimmed(text, start, end) for start, end in coded["offset_mapping"]]
        known = [number != self._tokenizer.unk_token_id or name == text[slice(*span)] for number, name, span in
                 zip(numbers, names, spans, strict=True)]  # fmt: skip
        shown = written(text, spans)
        return [
            Token(name, number, piece or name, spaced, sure)
            for name, number, (piece, spaced), sure in zip(names, numbers, shown, known, strict=True)
        ]

    def embed(self, tokens: Sequence[Token]) -> torch.Tensor:
        """The rows of the network's table, (T, D)."""
        table = self._network.get_input_embeddings()
        numbers = torch.tensor([token.number for token in tokens], device=table.weight.device)
        rows: torch.Tensor = table(numbers)
        return rows.detach()

    def table(self) -> torch.Tensor:
        """The network's whole table, (V, D)."""
        whole: torch.Tensor = self._network.get_input_embeddings().weight
        return whole.detach()

    def special(self, name: str) -> Token | None:
        """The ``pad`` or ``mask`` token."""
        token, number = (getattr(self._tokenizer, f"{name}_token{end}", None) for end in ("", "_id"))
        return None if token is None or number is None else Token(str(token), int(number), str(token))

    @property
    def around(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The numbers of the special tokens before and after a text."""
        coded = self._tokenizer("a", return_special_tokens_mask=True)
        mask, numbers = coded["special_tokens_mask"], coded["input_ids"]
        inside = [place for place, special in enumerate(mask) if not special]
        if not inside:
            return tuple(numbers), ()
        return tuple(numbers[: inside[0]]), tuple(numbers[inside[-1] + 1 :])


def _is_causal(config: Any, where: str) -> bool:
    """Whether it is a language model, and not a classifier of sequences."""
    named = (config.architectures or [""])[0]
    if named.endswith("ForSequenceClassification"):
        return False
    if named.endswith(("ForCausalLM", "LMHeadModel")):
        return True
    raise UsageError(
        f"{where} is {named or 'of no named kind'}: ig text explains sequence classifiers (…ForSequenceClassification) "
        "and causal language models (…ForCausalLM)."
    )


def _labels(config: Any, tokenizer: Any, *, next_word: bool) -> list[str]:
    if not next_word:
        names: Mapping[int, str] = config.id2label
        return [str(names[index]) for index in range(config.num_labels)]
    tokens = tokenizer.convert_ids_to_tokens(list(range(min(config.vocab_size, len(tokenizer)))))
    words = [tokenizer.convert_tokens_to_string([token or ""]).strip() or str(token) for token in tokens]
    return words + [f"token {number}" for number in range(len(words), config.vocab_size)]


def _longest(config: Any, tokenizer: Any, special: int) -> int | None:
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    limits.append(tokenizer.model_max_length)
    known = [int(limit) for limit in limits if limit and 0 < limit < 10**9]
    return min(known) - special if known else None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the space that some tokenisers count to a word."""
    while start < end and text[start].isspace():
        start += 1
    return start, end
