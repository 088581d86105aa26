"""The configuration: typed sections, read from YAML."""
