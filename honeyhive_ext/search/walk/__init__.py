"""Pure: which requests make a search exact, step by step."""
