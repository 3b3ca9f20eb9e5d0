"""Search results as data frames of pandas or polars."""
