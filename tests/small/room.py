"""The small room as the driver sees it: complete, so it shows what a model costs."""

from driver.room import Room, named_in
from tests.small.params import FORMAT

here = named_in("tests.small")
ROOM = Room(
    format=FORMAT,
    work=here("experiment:work"),
    run_seed=here("experiment:run_seed"),
    metrics=here("experiment:METRICS"),
    figures=here("figures:FIGURES"),
    equations=here("network:EQUATIONS"),
)
