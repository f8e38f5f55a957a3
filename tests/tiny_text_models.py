"""Tiny random models of transformers, saved to folders; and a network of a person's own."""

from __future__ import annotations

import pytest
import torch

WORDS = ["the", "shareholders", "claimed", "more", "than", "fine", "film", "a", "not", "play", "##ing"]


def tokenizer_with(specials, *, around):
    """A tokeniser of whole words, with special tokens around a text or without."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs igcli[hf]")
    transformers = pytest.importorskip("transformers", reason="needs igcli[hf]")
    words = {word: number for number, word in enumerate([*specials, *WORDS])}
    model = tokenizers.Tokenizer(tokenizers.models.WordPiece(words, unk_token="[UNK]"))
    model.normalizer = tokenizers.normalizers.Lowercase()
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if around:
        ends = [("[CLS]", words["[CLS]"]), ("[SEP]", words["[SEP]"])]
        model.post_processor = tokenizers.processors.TemplateProcessing("[CLS] $A [SEP]", None, ends)
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]"}
    if around:
        names |= {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=model, **names), len(words)


def saved_classifier(folder):
    """A random BERT of two classes."""
    transformers = pytest.importorskip("transformers", reason="needs igcli[hf]")
    tokenizer, words = tokenizer_with(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], around=True)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=words,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        initializer_range=0.5,
        id2label={0: "bad", 1: "good"},
        label2id={"bad": 0, "good": 1},
    )
    return _saved(transformers.BertForSequenceClassification(config), tokenizer, folder)


def saved_language_model(folder):
    """A random GPT-2 that predicts the next word."""
    transformers = pytest.importorskip("transformers", reason="needs igcli[hf]")
    tokenizer, words = tokenizer_with(["[PAD]", "[UNK]"], around=False)
    torch.manual_seed(2)
    config = transformers.GPT2Config(
        vocab_size=words, n_embd=16, n_layer=2, n_head=2, n_positions=16, initializer_range=0.5,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return _saved(transformers.GPT2LMHeadModel(config), tokenizer, folder)


def _saved(network, tokenizer, folder):
    network.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return network, tokenizer


OWN = """
import torch
from torch import nn

class Sentiment(nn.Module):
    labels = ["bad", "good"]
    words = ["<unk>", "dull", "fine", "film", "a", "not"]

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(len(self.words), 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.out = nn.Linear(32, 2)

    def tokenize(self, text):
        return text.lower().split()

    def embed(self, words):
        known = [self.words.index(word) if word in self.words else 0 for word in words]
        return self.table(torch.tensor(known))

    def forward(self, embeddings):
        return self.out(self.lstm(embeddings)[0][:, -1])

def build():
    return Sentiment()
"""
