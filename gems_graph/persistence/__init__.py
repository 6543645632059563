"""Trajectories that are kept: savers by URL, threads, history, forks, and cleaning up."""
