"""The adaptive path of ``--steps auto``: probe the score, place points, refine until the sum fits."""
