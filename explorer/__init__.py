"""The latent space explorer from Python; everything is imported when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["LatentSpace", "PhotoVAE", "available", "load", "load_vae"]

if TYPE_CHECKING:
    from explorer.maps.latent_space import LatentSpace, available, load
    from explorer.photos.vae import PhotoVAE, load_vae


def __getattr__(name: str) -> Any:
    if name in ("PhotoVAE", "load_vae"):
        from explorer.photos import vae

        return getattr(vae, name)
    if name in __all__:
        from explorer.maps import latent_space

        return getattr(latent_space, name)
    raise AttributeError(f"module 'explorer' has no attribute '{name}'")
