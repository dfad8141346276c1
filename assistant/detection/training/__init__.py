"""How the language model is made; never imported at run time."""
