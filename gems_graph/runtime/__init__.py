"""How a function becomes a node: binding, background loop, toolbox, drawing, players."""
