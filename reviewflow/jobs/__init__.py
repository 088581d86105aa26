"""The jobs, each described once: stages, facts, summary."""
