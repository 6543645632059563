"""The artwork of the small illustrated world: icons, backdrops, and scenes made of them."""
