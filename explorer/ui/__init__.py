"""The page: one file a tab, latent_map.py for the component, app.py to assemble them."""
