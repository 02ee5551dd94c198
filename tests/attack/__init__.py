"""Everything that a user, a disk or a foreign folder can do to the four programs, repeated."""
