"""The schema: every group has one, every field says what it is, nothing passes unnoticed."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from latentsweep.config.digest import resolved
from latentsweep.config.project import CONFIG_DIRECTORY, PACKAGE
from latentsweep.config.sweep import SweepConfig
from latentsweep.config.typed import flatten
from latentsweep.errors import ConfigError

from .conftest import Configure, ConfigureSweep

NEEDED = {
    "data=arrays": ["data.path=x.npy"],
    "data=image_folder": ["data.path=x"],
}
SWEEP_GROUPS = ("pruner", "sampler", "search_space", "storage")
ALL_CHOICES = [
    f"{path.parent.name}={path.stem}"
    for path in sorted(CONFIG_DIRECTORY.glob("*/*.yaml"))
    if path.parent.name != "experiment"
]
SWEEP_CHOICES = [choice for choice in ALL_CHOICES if choice.startswith(SWEEP_GROUPS)]
CHOICES = [choice for choice in ALL_CHOICES if choice not in SWEEP_CHOICES]
PUBLIC_KEYS = Path(__file__).with_name("public_keys.txt").read_text().split()


def sweep_values(config: SweepConfig) -> dict[str, Any]:
    values: dict[str, Any] = TypeAdapter(SweepConfig).dump_python(config, mode="json")
    return values


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes_to_its_own_schema(configure: Configure, choice: str) -> None:
    config = configure(choice, *NEEDED.get(choice, []))
    group, _, name = choice.partition("=")
    assert getattr(config, group).name == name


@pytest.mark.parametrize("choice", SWEEP_CHOICES)
def test_every_choice_of_a_sweep_composes_to_its_own_settings(
    configure_sweep: ConfigureSweep, choice: str
) -> None:
    group, _, name = choice.partition("=")
    settings = sweep_values(configure_sweep(choice))[group]
    assert group == "search_space" or settings["name"] == name


def test_public_keys_and_choices_are_frozen(
    configure: Configure, configure_sweep: ConfigureSweep
) -> None:
    keys = set(ALL_CHOICES)
    for choice in CHOICES:
        keys |= set(flatten(resolved(configure(choice, *NEEDED.get(choice, [])))))
    for choice in SWEEP_CHOICES:
        values = sweep_values(configure_sweep(choice))
        keys |= {f"sweep.{key}" for key in [*values, *flatten(values)] if key not in SWEEP_GROUPS}
    keys = {key for key in keys if not key.startswith("sweep.search_space.")}
    assert sorted(keys) == PUBLIC_KEYS


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "config").glob("*.py")), ids=lambda path: path.stem
)
def test_every_schema_field_has_a_docstring(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and any(
            isinstance(mark, ast.Name) and mark.id == "component" for mark in node.decorator_list
        ):
            assert ast.get_docstring(node), node.name
            for field, after in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(field, ast.AnnAssign):
                    documented = isinstance(after, ast.Expr) and isinstance(
                        after.value, ast.Constant
                    )
                    assert documented, f"{node.name}.{ast.unparse(field.target)}"


def test_every_group_of_conf_is_a_field_of_the_schema(
    configure: Configure, configure_sweep: ConfigureSweep
) -> None:
    groups = {path.name for path in CONFIG_DIRECTORY.iterdir() if path.is_dir()}
    config, sweep = configure(), configure_sweep()
    for group in groups - {"experiment", "hydra"}:
        assert hasattr(sweep if group in SWEEP_GROUPS else config, group), group


@pytest.mark.parametrize("recipe", sorted((CONFIG_DIRECTORY / "experiment").glob("*.yaml")))
def test_every_experiment_composes_and_says_its_source(configure: Configure, recipe: Path) -> None:
    configure(f"experiment={recipe.stem}")
    header = recipe.read_text().split("\n\n")[0]
    assert all(word in header for word in ("# Paper:", "# Command:", "# Expected:", "# Time:"))
    assert yaml.safe_load(recipe.read_text())


@pytest.mark.parametrize("recipe", sorted((CONFIG_DIRECTORY / "experiment").glob("*.yaml")))
def test_every_key_of_an_experiment_is_what_is_trained(configure: Configure, recipe: Path) -> None:
    composed = flatten(resolved(configure(f"experiment={recipe.stem}")))
    values = yaml.safe_load(recipe.read_text())
    del values["defaults"]
    given = flatten(values)
    assert {key: composed[key] for key in given} == given


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("batch_size=true", "whole number"),
        ("batch_size=0", "greater than or equal to 1"),
        ("seed=1.5", "whole number"),
        ("model.beta=abc", "number"),
        ("model.beta=nan", "finite"),
        ("network.hidden_sizes=[]", "at least 1"),
        ("network.hidden_sizes=[1.5]", "whole number"),
        ("trainer.deterministic=1", "valid boolean"),
        ("output_dir=3", "valid string"),
        ("network.activation=rlu", "'relu'"),
    ],
)
def test_wrong_value_names_key_value_and_expectation(
    configure: Configure, override: str, says: str
) -> None:
    key = override.partition("=")[0]
    with pytest.raises(ConfigError) as caught:
        configure(override)
    assert str(caught.value).startswith(key)
    assert says in str(caught.value)
