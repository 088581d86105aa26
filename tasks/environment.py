"""Name the environment variables that flows set and tasks read."""

OWN_SERVER = "REVIEWFLOW_PREFECT_API_URL"  # beside PREFECT_API_URL where this checkout's server is
