"""Single modules measured where the truth is known: Decomposer, Verifier, the choice of skills."""
