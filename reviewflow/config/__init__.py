"""Read configurations from YAML into typed sections."""
