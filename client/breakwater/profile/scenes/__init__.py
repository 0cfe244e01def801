"""The scenes, one a file: each defines `SCENE`."""
