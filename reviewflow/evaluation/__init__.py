"""What a trained variant is worth: metrics and diagnosis."""
