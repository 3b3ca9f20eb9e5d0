"""Build the site of the guides and the reference, and check it: `nox -s docs`."""
