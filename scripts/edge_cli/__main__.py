"""`python -m edge_cli`: what `scripts/edge` runs."""

import sys

from edge_cli.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
