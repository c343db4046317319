"""The door of a checkout: ``python main.py``, ``python -m explorer`` and ``bert-explorer`` are one thing."""

import sys

from explorer.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
