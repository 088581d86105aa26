"""Artifacts on disk: written whole, listed, verify_store."""
