"""Diffusers pipelines: presets, loading, arguments by signature, one thread each."""
