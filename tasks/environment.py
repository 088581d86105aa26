"""Name the environment variables that flows set and tasks read."""

OWN_SERVER = "REVIEWFLOW_PREFECT_API_URL"  # beside PREFECT_API_URL where this checkout's server is
KEPT = "REVIEWFLOW_SERVER_IS_KEPT"  # set where a `reviewflow ui` keeps this checkout's server up
UI = "REVIEWFLOW_UI"  # process id of the ui that a worker belongs to, and its Prefect home
SHOWN_AT = "PREFECT_UI_URL"  # Prefect's own: where people reach its UI
