"""What shows a batch, in Python and on paper: nothing here needs a browser.

`palette` names the roles of tokens and what they look like, `frames` is what every step makes
of a batch, `lines` are its tensors as cells, and `table`, `pairs`, `supervision`, `terminal` and
`plotting` write these down for a notebook, a page, a terminal and a figure. `cuts` draws how a
text is cut, `questions` what a model is asked in one row, `losses` how a loss fell; `outcomes`
says what came of training runs.
"""
