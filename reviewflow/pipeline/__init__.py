"""The engine: plan and run a job of cached stages. It knows nothing of reviews."""
