"""`python -m xinqiao.cli` is the `xinqiao` command."""

import sys

from xinqiao.cli import main

if __name__ == "__main__":
    sys.exit(main())
