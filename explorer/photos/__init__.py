"""Image autoencoders: a file becomes RGB, latents, views of them, edits, files and measures."""
