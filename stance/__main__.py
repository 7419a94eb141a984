"""``python -m stance`` is the command line."""

import sys

from stance.cli import main

sys.exit(main())
