"""How the embedded encoder was made; never imported by the product."""
