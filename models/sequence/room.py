"""The sequence memory as the driver sees it: see `driver.room.Room`."""

from driver.room import Room, named_in
from models.sequence.params import FORMAT

here = named_in("models.sequence")
ROOM = Room(
    format=FORMAT,
    presets=here("params:ABOUT"),
    work=here("experiment:work"),
    seconds=here("experiment:seconds"),
    run_seed=here("experiment:run_seed"),
    start=here("experiment:start"),
    metrics=here("metric_table:METRICS"),
    figures=here("show.figures:FIGURES"),
    equations=here("equations:EQUATIONS"),
    recordings=here("recordings:recordings"),
    megabytes=400,
)
