"""``python -m brokerport`` is ``brokerport``."""

from __future__ import annotations

from brokerport.cli import main

if __name__ == "__main__":
    main()
