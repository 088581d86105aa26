"""The artifact store: write artifacts, find, list and verify them."""
