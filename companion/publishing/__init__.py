"""What builds the site: the Sphinx extension, its templates, and what it mends of the theme.

`extension` brings batches and their scripts to the built pages; `vocabulary` packs a
tokenizer for them, and `logo` draws the mark.
"""
