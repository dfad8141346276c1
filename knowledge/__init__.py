"""What we know: articles, their store, and how they come in and go out."""
