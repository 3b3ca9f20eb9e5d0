"""Any value to strict JSON."""
