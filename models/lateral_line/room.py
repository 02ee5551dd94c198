"""The lateral line as the driver sees it: see `driver.room.Room`."""

from driver.room import Room, named_in, nothing
from models.lateral_line.format import FORMAT

here = named_in("models.lateral_line")
ROOM = Room(
    format=FORMAT,
    presets=here("presets:ABOUT"),
    flags=here("options:flags"),
    read=here("options:read"),
    open=here("saved:Run"),
    headline=here("summary:headline"),
    length=here("experiment:length"),
    work=here("experiment:work"),
    seconds=here("experiment:seconds"),
    run_seed=here("experiment:run_seed"),
    check_checkpoint=here("experiment:check_checkpoint"),
    completed=nothing,  # its checkpoint stays: a run can be trained on
    parameter_file=here("experiment:parameter_file"),
    seed_line=here("summary:seed_line"),
    deciding=here("summary:deciding"),
    closing_lines=here("summary:closing_lines"),
    run_summary=here("summary:run_summary"),
    metric_words=here("summary:metric_words"),
    curve=here("summary:curve"),
    outcome_words=here("summary:outcome_words"),
    sweep_columns=here("summary:sweep_columns"),
    sweep_row=here("summary:sweep_row"),
    metrics=here("metric_table:TABLE"),
    draw_seed=here("show.figures:draw_seed"),
    draw_summary=here("show.figures:draw_summary"),
    write_report=here("show.report:write_report"),
    figures_of=here("show.figures:figures_of"),
    write_sweep_report=here("show.sweep_report:write_sweep_report"),
    recordings=here("export:recordings"),
    tables=here("export:TABLES"),
    words=here("words:words"),
    megabytes=200,  # measured, see benchmarks/results
)
