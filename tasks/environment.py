"""Name the environment variables that flows set and tasks read."""

OWN_SERVER = "REVIEWFLOW_PREFECT_API_URL"  # beside PREFECT_API_URL where this checkout's server is
UI = "REVIEWFLOW_UI"  # process id of the ui that a worker belongs to, and its Prefect home
SHOWN_AT = "PREFECT_UI_URL"  # Prefect's own: where people reach its UI
