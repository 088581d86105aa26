"""Train a NumPy network on two moons, draw what happened, explain it."""
