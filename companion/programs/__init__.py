"""Programs that a chapter starts in processes of their own; no module imports them.

They come with the package, so that a chapter runs where there is no more than that.
"""
