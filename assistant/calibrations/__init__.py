"""The shipped calibrations, one JSON file per encoder, and the program that fits them."""
