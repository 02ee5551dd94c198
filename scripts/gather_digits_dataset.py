#!/usr/bin/env python3
"""Write the digits to data/train.npz and data/test.npz; from any folder, in a fresh checkout.

python scripts/gather_digits_dataset.py --out-dir data --test-size 0.2 --random-state 0
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bio_snn.datasets import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main())
