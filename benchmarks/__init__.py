"""How fast the pipeline is beside what one would use instead, both measured in one go."""
