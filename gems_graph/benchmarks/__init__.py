"""Benchmarks of text-to-image models: data, layouts, formulas as the official scripts have them."""
