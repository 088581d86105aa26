"""Name the pictures of the two moons, in the order of the page."""

PICTURES = (
    "moons",
    "losses_epochs",
    "losses_steps",
    "boundary_whole_set",
    "boundary_point_by_point",
    "learning_rates",
    "initial_weights",
)
