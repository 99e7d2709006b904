"""What is alive in a browser, on a page and in Jupyter: the explorer and the two labs.

`widget`, `lab` and `training_lab` are the elements in Python; the scripts and styles beside them
are the same elements in the browser, and `bundle` joins those into files. A Python module and a
script that share a name compute the same, and tests hold them equal; `frames.js`, `lines.js`
and `table.js` are the twins of `companion.showing`.
"""
