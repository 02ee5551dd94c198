"""The spiking network on the command line: one input, held for some steps of 1 ms.

python -m bio_snn.interface --sizes 2,3,1 --input 1,0 --steps 100 --seed 0
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

import numpy as np

from bio_snn.seen import Seen, figure_file
from driver.files import plain
from driver.flags.from_dataclass import EXIT_USAGE
from driver.flags.keywords import steps as in_steps
from driver.run.isolation import INTERRUPTED
from models.predictive.interactive import PredictiveCodingNetwork

FLAGS = {"x": "input"}  # of arguments of the network, where they differ


def run_simulation(
    sizes: Sequence[int],
    input_vec: Sequence[float],
    steps: int,
    modulation: float = 1.0,
    seed: int | None = None,
) -> np.ndarray:
    """Rates of the top layer, shape (n_L,), after `steps` ms, in units of 100 Hz."""
    net = PredictiveCodingNetwork(sizes, seed=seed, modulation=modulation)
    return run(net, input_vec, in_steps("steps", steps))


def run(net: PredictiveCodingNetwork, x, steps: int, look: Callable = lambda: None) -> np.ndarray:
    """The output after `steps`; `look` is called after each."""
    for _ in range(steps):
        output = net.forward(x)
        look()
    return output


class Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str):
        if message.endswith("expected one argument"):
            message += "; one that begins with - is given as in --input=-1,0"
        self.exit(EXIT_USAGE, f"{self.prog}: {' '.join(message.split())}\n")


def several(kind: type, words: str) -> Callable[[str], list]:
    """Numbers with commas between them."""

    def read(text: str) -> list:
        try:
            return [kind(word) for word in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: needed {words}") from None

    return read


def parser() -> Parser:
    made = Parser(prog="bio_snn.interface", description=__doc__, allow_abbrev=False)
    add = made.add_argument
    sizes = several(int, "two or more whole numbers, such as 2,3,1")
    add("--sizes", type=sizes, required=True, help="cells of each layer, the input first: 2,3,1")
    x = several(float, "numbers, such as 1,0")
    add("--input", type=x, required=True, help="of each input cell, -10 to 10; 1 is 100 Hz: 1,0")
    add("--steps", type=int, default=100, help="of 1 ms (default 100)")
    add("--seed", type=int, help="of the weights at start; drawn and told if not given")
    add("--modulation", type=float, default=1.0, help="factor of all learning (default 1)")
    add("--json", action="store_true", help="print one JSON object, with errors and rates in Hz")
    add("--plot", type=figure_file, metavar="FILE", help="draw potential, spikes and error")
    add("--verbose", action="store_true", help="tell mean error and spikes of each layer")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    flags = parser()
    args = flags.parse_args(argv)
    try:
        net = PredictiveCodingNetwork(args.sizes, seed=args.seed, modulation=args.modulation)
        steps, seen = in_steps("steps", args.steps), Seen(net, traces=bool(args.plot))
        output = run(net, args.input, steps, seen.look)
    except (TypeError, ValueError) as error:
        name, rest = str(error).split(" ", 1)
        flags.error(f"argument --{FLAGS.get(name, name)}: {rest}")
    except MemoryError:
        flags.error(f"argument --sizes: {args.sizes} need more memory than there is")
    except KeyboardInterrupt:
        return INTERRUPTED
    try:
        if args.plot:
            seen.draw(args.plot)
    except OSError as error:
        flags.error(f"argument --plot: {error}")
    if args.seed is None:
        print(f"seed {net.seed}", file=sys.stderr)
    if args.verbose:
        counts = "".join(f", layer {k}: {n.sum()} spikes" for k, n in enumerate(seen.counts))
        print(f"mean error {net.mean_error():.4f}{counts}", file=sys.stderr)
    if args.json:
        found = {"sizes": net.sizes, "seed": net.seed, "modulation": net.modulation}
        found |= {"steps": steps, "output": output, "errors": net.errors}
        found["rates"] = [n * 1000 / steps for n in seen.counts]
        print(json.dumps(plain(found), allow_nan=False))
    else:
        print("Output:", np.array2string(output, max_line_width=sys.maxsize, threshold=sys.maxsize))
    return 0


if __name__ == "__main__":
    sys.exit(main())
