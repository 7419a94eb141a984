"""How fast, how large and how quiet this package is beside other software on the same weights.

``python -m benchmarks.speed all`` measures everything; ``make bench`` makes the environment first.
"""
