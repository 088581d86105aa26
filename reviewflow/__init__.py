"""The reviewflow library: everything the pipeline computes, without Prefect."""

__version__ = "0.1.0"
