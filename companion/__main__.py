"""Run the command line, `python -m companion`; its commands stand in `companion.commands`.

Here is only what must come before anything is imported: Ctrl-C ends the process without a word
at any time, in the middle of an import too.
"""

import os
import signal
import sys


def leave(*_: object) -> None:
    """End the process with what a shell reports of a program that Ctrl-C has ended."""
    if os.isatty(2):
        os.write(2, b"\n")  # a progress bar may stand there, and the next line is the shell's
    os._exit(130)


if __name__ == "__main__":
    # A shell that starts it in the background has SIGINT ignored, and so it stays.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)
    from companion.commands import main

    sys.exit(main())
