"""The predictive room as the driver sees it: see `driver.room.Room`."""

from driver.room import Room, named_in
from models.predictive.params import FORMAT

here = named_in("models.predictive")
ROOM = Room(
    format=FORMAT,
    presets=here("params:ABOUT"),
    read=here("options:read"),
    length=here("experiment:length"),
    work=here("experiment:work"),
    run_seed=here("experiment:run_seed"),
    start=here("experiment:start"),
    metrics=here("metric_table:METRICS"),
    figures=here("show.figures:FIGURES"),
    equations=here("equations:of_learner"),
    words=here("words:words"),
    write_sweep_report=here("show.compared:write_sweep_report"),
    megabytes=400,
)
