"""Seeing a batch: its colours, its table, and the Sphinx extension that puts it on a page.

`palette` names the roles of tokens and what they look like, `table` writes the tensors of
one step as a readable table, and `extension` brings both to the built site.
"""
