"""Plan and run a job of cached stages.

The engine knows nothing of reviews.
"""
