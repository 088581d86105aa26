"""Train neural networks: models, initial weights, steps, statistics."""
