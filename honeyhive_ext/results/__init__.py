"""What a search gives back: results, trees, following."""
