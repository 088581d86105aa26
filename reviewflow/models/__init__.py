"""Keep models outside the store: bundles, registry, gate, predictions."""
