"""Trajectories as HTML: one renderer for reports, galleries, tables and a page that is served."""
