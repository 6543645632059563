"""Texts inside picture files: put in and taken out without encoding a pixel anew."""
