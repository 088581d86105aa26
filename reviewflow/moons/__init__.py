"""The NumPy network on two moons: data, both ways to train it, two studies, pictures and a page."""
