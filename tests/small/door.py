"""The door of the small room: ``python tests/small/door.py --mode song --run-name a``."""

from driver import door


def main(argv=None) -> int:
    return door.main("tests.small", argv)


if __name__ == "__main__":
    door.start(main)
