"""The door of the toy."""

from driver import door


def main(argv=None) -> int:
    """Run a command line."""
    return door.main("tests.toy", argv)


if __name__ == "__main__":
    door.start(main)
