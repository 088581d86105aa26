"""Read files of labelled reviews: rows, parts and the train/test split."""
