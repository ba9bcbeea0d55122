"""The Cloud API dialect: what Meta sends, and 360dialog passes on, in one place."""
