"""The chapters, read as data, and what must hold of each."""
