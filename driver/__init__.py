"""What every model needs and no model owns: flags, backends, randomness, run folders."""

VERSION = "0.1.0"
