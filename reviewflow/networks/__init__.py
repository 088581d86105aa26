"""The networks: models, initial weights and training."""
