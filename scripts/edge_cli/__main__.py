"""`python -m edge_cli`: what `scripts/edge` runs."""

import signal
import sys

# Ctrl-C while the imports run ends it without a traceback. One that is ignored (nohup) stays ignored.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from edge_cli.app import main

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
