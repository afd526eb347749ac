"""Start asyncspy: `python -m asyncspy` and the console script both come here."""

from __future__ import annotations

from asyncspy.cli import commands


def main() -> None:
    """Run the command line."""
    commands(prog_name="asyncspy")


if __name__ == "__main__":
    main()
