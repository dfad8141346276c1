"""How we find it: encoders, passages, generations and the search over them."""
