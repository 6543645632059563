"""`python -m gems_graph.cli`."""

from gems_graph.cli import main

main()
