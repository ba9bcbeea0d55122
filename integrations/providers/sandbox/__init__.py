"""A whole provider inside the product, for demonstrations, tests and training."""
