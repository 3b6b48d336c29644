"""Run before PyInstaller's own start: until the program hears Ctrl-C itself, it ends without a traceback."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
