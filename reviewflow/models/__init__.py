"""Keep trained models outside the store: bundles, their registry, the gate, predictions."""
