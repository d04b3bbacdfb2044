"""Names under which splits are found in folders and files."""

ALIASES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "test"),
    "test": ("test", "testing", "val", "valid", "validation"),
}
"""Names of a split, the best first: what one publisher calls test another calls validation."""
