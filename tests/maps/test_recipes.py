"""The shipped recipes and what options do to them."""

import pytest

from explorer.maps.autoencoder import Autoencoder
from explorer.maps.datasets import SOURCES
from explorer.maps.recipes import RECIPES, Recipe

each = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


def test_the_recipes_are_filed_under_their_own_names() -> None:
    assert {key: recipe.name for key, recipe in RECIPES.items()} == {key: key for key in RECIPES}
    assert list(RECIPES) == [
        *("fashion-ae-2d", "fashion-vae-2d", "mnist-vae-20d", "mnist-ae-16d", "mnist-ae-2d", "digits-vae-2d"),
    ]


@each
def test_a_recipe_names_a_data_set_a_loss_an_optimiser_and_a_schedule_that_exist(recipe: Recipe) -> None:
    assert recipe.data in SOURCES
    assert recipe.loss in ("bce", "mse")
    assert recipe.optimiser in ("adam", "adamw")
    assert recipe.schedule in ("cosine", "constant")


@each
def test_the_name_says_data_kind_and_dimensions(recipe: Recipe) -> None:
    kind = "vae" if recipe.architecture.variational else "ae"
    assert recipe.name == f"{recipe.data.split('-')[0]}-{kind}-{recipe.architecture.latent_dim}d"


@each
def test_the_network_of_a_recipe_can_be_built(recipe: Recipe) -> None:
    assert Autoencoder(recipe.architecture).mean.out_features == recipe.architecture.latent_dim


def test_options_reach_the_recipe_and_its_architecture() -> None:
    recipe = RECIPES["digits-vae-2d"].with_options({"width": 16, "latent_dim": 3, "beta": 4.0, "seed": 5})
    assert (recipe.architecture.width, recipe.architecture.latent_dim, recipe.beta, recipe.seed) == (16, 3, 4.0, 5)
    assert RECIPES["digits-vae-2d"].architecture.width == 256


def test_an_option_that_no_recipe_has_is_refused() -> None:
    with pytest.raises(TypeError, match="momentum"):
        RECIPES["digits-vae-2d"].with_options({"momentum": 0.9})


@pytest.mark.parametrize(
    ("name", "network", "width", "sigmoid"),
    [
        ("fashion-ae-2d", "conv", 32, True),
        ("fashion-vae-2d", "conv", 32, True),
        ("mnist-vae-20d", "dense", 400, True),
        ("mnist-ae-16d", "conv-bn", 128, False),
        ("mnist-ae-2d", "conv-bn", 128, True),
    ],
)
def test_classic_is_the_tutorials_network_and_training(name: str, network: str, width: int, sigmoid: bool) -> None:
    recipe, architecture = RECIPES[name].as_classic(), RECIPES[name].as_classic().architecture
    assert (architecture.network, architecture.width, architecture.sigmoid) == (network, width, sigmoid)
    assert (architecture.bottleneck, recipe.lr, recipe.schedule) == (0, 1e-3, "constant")
