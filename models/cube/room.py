"""The dot-prediction models as the driver sees them: see `driver.room.Room`."""

from driver.room import Room, named_in
from models.cube.format import FORMAT

here = named_in("models.cube")
ROOM = Room(
    format=FORMAT,
    presets=here("presets:ABOUT"),
    flags=here("options:flags"),
    read=here("options:read"),
    open=here("saved:Run"),
    headline=here("summary:headline"),
    work=here("experiment:work"),
    run_seed=here("experiment:run_seed"),
    start=here("experiment:start"),
    parameter_file=here("experiment:parameter_file"),
    metrics=here("metric_table:TABLE"),
    run_summary=here("summary:run_summary"),
    draw_seed=here("show.figures:draw"),
    write_report=here("show.report:write_report"),
    figures_of=here("show.figures:figures_of"),
    recordings=here("recordings:recordings"),
    words=here("words:words"),
    megabytes=600,
)
"""What the driver takes from this package."""
