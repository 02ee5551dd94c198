"""Pages: an empty figure with a title, its parts laid out, and a legend below."""

from __future__ import annotations

from matplotlib.figure import Figure, SubFigure

from driver.figures import style

WIDTH_IN = 12  # a title of about 130 letters fits it
LINE_IN = 0.19  # height of a line of the title


def page(
    title: str, height_in: float, width_in: float = WIDTH_IN, pad_in: tuple = (0.08, 0.06)
) -> Figure:
    """An empty figure with a title of one or more lines.

    Parameters
    ----------
    title : str
    height_in, width_in : float
    pad_in : (float, float)
        Around every panel, to its sides and above and below.
    """
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    figure.get_layout_engine().set(w_pad=pad_in[0], h_pad=pad_in[1])
    figure.suptitle(title)
    return figure


def page_of_two(
    title: str, size_in: tuple[float, float], beside: bool
) -> tuple[Figure, list[SubFigure]]:
    """A page with a part for the trained and one for the untrained network.

    Parameters
    ----------
    title : str
    size_in : (float, float)
        Width and height of one part, inches.
    beside : bool
        Side by side instead of one above the other.
    """
    # a part of its own: a title over parts takes its room from the last of them
    head = 0.22 + LINE_IN * (1 + title.count("\n"))
    n_rows, n_columns = (1, 2) if beside else (2, 1)
    width, height = n_columns * size_in[0], n_rows * size_in[1]
    figure = Figure(figsize=(width, head + height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    rows = [head, *[size_in[1]] * n_rows]
    grid = figure.add_gridspec(1 + n_rows, n_columns, height_ratios=rows, hspace=0)
    figure.add_subfigure(grid[0, :]).suptitle(title, y=0.92)
    places = [grid[1 + k // n_columns, k % n_columns] for k in range(2)]
    return figure, [figure.add_subfigure(place) for place in places]


def grid(
    title: str, n_panels: int, n_columns: int, x_label: str, y_label: str
) -> tuple[Figure, list]:
    """A page of like panels with common axes, row by row; only the outer ones have labels.

    Returns
    -------
    figure : Figure
    axes : list of matplotlib.axes.Axes
    """
    n_columns = min(n_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    # laid out by hand, in inches: a layout engine measures every panel, twice
    top, bottom, left, right = 0.4 + LINE_IN * (1 + title.count("\n")), 0.9, 0.85, 0.3
    height = top + bottom + (2.1 if n_columns > 2 else 2.25) * n_rows
    figure = Figure(figsize=(WIDTH_IN, height))
    figure.suptitle(title, y=1 - 0.1 / height)
    figure.subplots_adjust(
        left=left / WIDTH_IN,
        right=1 - right / WIDTH_IN,
        bottom=bottom / height,
        top=1 - top / height,
        wspace=0.12,
        hspace=0.22,
    )
    axes: list = []
    for k in range(n_panels):
        first = axes[0] if axes else None
        ax = figure.add_subplot(n_rows, n_columns, k + 1, sharex=first, sharey=first)
        is_left, is_bottom = k % n_columns == 0, k + n_columns >= n_panels
        ax.tick_params(labelleft=is_left, labelbottom=is_bottom)
        ax.set(xlabel=x_label if is_bottom else "", ylabel=y_label if is_left else "")
        axes.append(ax)
    return figure, axes


def legend(figure: Figure, ax) -> None:
    """One legend for panels that are alike, below them."""
    handles, labels = ax.get_legend_handles_labels()
    outside = "" if figure.get_layout_engine() is None else "outside "
    figure.legend(handles, labels, loc=f"{outside}lower center", ncols=len(labels))


def colour_of(condition: str) -> str:
    """Colour of a title."""
    return style.UNTRAINED if condition == "untrained" else style.TRAINED
