"""What a page knows of the learner: progress, a line to hand in, a batch of one's own.

Everything stands in this browser, and nothing leaves it. `naming.js` and `handing.js` are the
twins of `companion.naming` and `companion.handing`.
"""
