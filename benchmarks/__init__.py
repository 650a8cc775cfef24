"""How fast Parkplan is, against named rivals on the same machine, data and run.

`python -m benchmarks` measures everything; every benchmark first asserts that both sides give the same result.
"""
