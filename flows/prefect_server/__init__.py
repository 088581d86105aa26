"""Prefect's server, worker and UI, as this project runs them."""
