"""The adaptive path of ``--steps auto``: look at the score, deal out points, refine until the sum fits."""
