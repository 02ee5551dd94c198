"""``python -m studies.dots``: the studies of the moving dot; all flags of ``python -m studies``."""

import sys

from studies.__main__ import main

if __name__ == "__main__":
    sys.exit(main(room="cube"))
