"""``python -m simlab`` is the command line, too."""

from __future__ import annotations

from simlab.cli import main

if __name__ == "__main__":
    main()
