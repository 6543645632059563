"""How well single modules do, measured where the truth is known: Decomposer, Verifier, choice of skills."""
