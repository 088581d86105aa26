"""Stages of the job as Prefect tasks."""
