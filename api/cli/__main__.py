"""``python -m api.cli`` is ``faq``."""

from api.cli import main

main()
