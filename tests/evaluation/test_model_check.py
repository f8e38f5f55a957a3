from igcli.attribution.budget import Budget
from igcli.evaluation.model_check import check_model, made_up_picture


def test_completeness_and_chunks_on_a_model(small):
    found = check_model(small, ["integrated", "gradient", "guided-integrated"], steps=200, budget=Budget(6))
    assert list(found) == ["integrated", "gradient"]  # those that share the sweep
    assert found["integrated"]["completeness"].kept
    assert found["gradient"]["completeness"].kept is None
    assert all(row["chunk-invariance"].kept for row in found.values())


def test_too_few_steps_are_seen(small):
    assert check_model(small, ["integrated"], steps=1, budget=Budget(6))["integrated"]["completeness"].kept is False


def test_the_made_up_picture_is_the_same_every_time_and_within_the_range(small):
    first, second = made_up_picture(small), made_up_picture(small)
    assert (first.pixels == second.pixels).all()
    assert first.pixels.shape == (3, small.input_size, small.input_size)
    assert 0 <= first.pixels.min() < first.pixels.max() <= 1
