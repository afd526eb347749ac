"""The entry point of `python -m asyncspy` and of the console script."""

from __future__ import annotations

from asyncspy.cli import commands


def main() -> None:
    """Run the command line."""
    commands(prog_name="asyncspy")


if __name__ == "__main__":
    main()
