import torch

from igcli.attribution.accumulation import RunningSum


def test_keeps_digits_that_float32_would_lose():
    total = RunningSum(torch.zeros(1))
    for _ in range(1000):
        total.add(torch.full((1,), 1e-8))
        total.add(torch.full((1,), 1.0))
    assert abs(total.value().item() - 1000.00001) < 1e-8


def test_compensates_where_there_is_no_float64():
    total = RunningSum(torch.zeros(1))
    total._sum, total._lost = torch.zeros(1), torch.zeros(1)  # what it does on MPS
    plain = torch.zeros(1)
    for _ in range(100_000):
        total.add(torch.full((1,), 0.1))
        plain += 0.1
    assert total.value().dtype == torch.float32
    assert abs(total.value().item() - 10_000) < 2e-3 < abs(plain.item() - 10_000)
