"""Exercises that run where they are read: Python in the page, and an editor for each exercise.

`trying` runs one answer, in CPython as in the page; `engine` writes the script that brings
Python to a page; the scripts beside them are the page's half: `engine.js` starts Python,
`worker.js` answers in it, `editor.js` is what a reader writes in. What it leaves out: how an
answer is judged, which is `companion.checking`, the same in a notebook and in a page.
"""
