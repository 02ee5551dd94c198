"""What every model needs and no model owns: flags, backends, randomness, run folders."""

import time

VERSION = "0.1.0"
STARTED = time.perf_counter()  # of this process, but for the start of Python itself
