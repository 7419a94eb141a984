"""Training recipes: what is not understood is refused, with the nearest name."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from stance.errors import ConfigError
from stance.train.config import BASE_MODEL, DataPart, TrainConfig
from stance.train.recipe import load_config

from conftest import ROOT

PARTS = '[[train]]\ndata = "snli"\n[[validation]]\ndata = "mnli"\n'


def recipe(folder: Path, text: str = "") -> Path:
    file = folder / "recipe.toml"
    file.write_text(text + PARTS, encoding="utf-8")
    return file


def test_a_short_recipe_takes_the_defaults(tmp_path: Path) -> None:
    config = load_config(recipe(tmp_path))
    expected = TrainConfig(
        train=(DataPart(data="snli", split="train"),),
        validation=(DataPart(data="mnli", split="validation"),),
    )
    assert config == expected
    assert config.base == BASE_MODEL


def test_a_config_is_a_value_that_goes_to_json(tmp_path: Path) -> None:
    config = load_config(recipe(tmp_path, 'freeze = ["embeddings"]\n'))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 1  # type: ignore[misc]
    assert json.loads(json.dumps(config.to_dict()))["freeze"] == ["embeddings"]
    assert json.loads(json.dumps(config.to_dict()))["train"][0]["data"] == "snli"


@pytest.mark.parametrize("line", ["repeat = 2", "unrelated = 5", "crossed = 5"])
def test_validation_data_are_neither_repeated_nor_mixed(tmp_path: Path, line: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(f"{PARTS}{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[\[validation\]\] with data = 'mnli' has .*remove them"):
        load_config(file)


def test_pairs_without_a_label_need_teachers(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('[[train]]\ndata = "snli"\ncrossed = 5\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="has crossed = 5, pairs that only teachers label; name teachers"):
        load_config(file)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "training").glob("*.toml")))
def test_every_recipe_of_the_project_can_be_read(name: str) -> None:
    config = load_config(ROOT / "training" / name)
    parts = [Path(part.data).resolve() for part in (*config.train, *config.validation)]
    ours = [folder for folder in parts if folder.parent == ROOT / "data"]
    assert all(folder.is_dir() for folder in ours)
    assert len(ours) == (ROOT / "training" / name).read_text().count('"../data/')


# unknown keys


@pytest.mark.parametrize(
    ("text", "wrong", "nearest"),
    [
        ("learning_rat = 0.1\n", "learning_rat", "learning_rate"),
        ("epoch = 1\n", "epoch", "epochs"),
        ("batchsize = 8\n", "batchsize", "batch_size"),
        ("Seed = 8\n", "Seed", "seed"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(
    tmp_path: Path, text: str, wrong: str, nearest: str
) -> None:
    with pytest.raises(
        ConfigError, match=rf"unknown key '{wrong}' in .*recipe\.toml; did you mean '{nearest}'"
    ):
        load_config(recipe(tmp_path, text))


def test_a_key_like_no_other_lists_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'zzz'.*expected one of base, train, validation"):
        load_config(recipe(tmp_path, "zzz = 1\n"))


def test_an_unknown_key_of_a_part_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(PARTS + "repeats = 3\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"unknown key 'repeats' in \[\[validation\]\].*did you mean 'repeat'"
    ):
        load_config(file)


# --set key=value


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("epochs=2", "epochs", 2.0),
        ("epochs=2.5", "epochs", 2.5),
        ("learning_rate=1e-5", "learning_rate", 1e-5),
        (" seed = 4 ", "seed", 4),
        ("max_steps=1_000", "max_steps", 1000),
        ("base=somebody/model", "base", "somebody/model"),
        ('base="quoted name"', "base", "quoted name"),
        ("public=", "public", ""),
        ("public=/a=b.parquet", "public", "/a=b.parquet"),
        ('freeze=["a", "b"]', "freeze", ("a", "b")),
        ("freeze=[]", "freeze", ()),
        ("precision=fp32", "precision", "fp32"),
    ],
)
def test_settings_are_read_as_toml_or_else_as_text(
    tmp_path: Path, setting: str, name: str, value: Any
) -> None:
    given = getattr(load_config(recipe(tmp_path), [setting]), name)
    assert given == value
    assert type(given) is type(value)


def test_settings_go_before_the_file_and_later_ones_before_earlier(tmp_path: Path) -> None:
    assert load_config(recipe(tmp_path, "seed = 1\n"), ["seed=2", "seed=3"]).seed == 3


@pytest.mark.parametrize("setting", ["epochs", "=3", " =3", ""])
def test_a_setting_without_key_or_value_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ConfigError, match=r"expected key=value, for example --set epochs=2"):
        load_config(recipe(tmp_path), [setting])


def test_an_unknown_setting_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'learning_rate'"):
        load_config(recipe(tmp_path), ["learningrate=1e-4"])


# types and ranges


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs=many", r"epochs in .* is 'many' \(str\); expected float"),
        ("seed=1.5", r"seed in .* is 1\.5 \(float\); expected int"),
        ("seed=true", r"seed in .* is True \(bool\); expected int"),
        ("epochs=true", r"epochs in .* is True \(bool\); expected float"),
        ("base=3", r"base in .* is 3 \(int\); expected str"),
        ("freeze=embeddings", r"freeze in .* is 'embeddings' \(str\); expected"),
        ("batch_size=2024-01-01", r"batch_size in .* \(date\); expected int"),
        ("train=3", r"train in .* is no list of tables; write \[\[train\]\]"),
        ("precision=fp8", "precision is 'fp8'; expected one of auto, bf16, fp32"),
        ("attention=flash", "attention is 'flash'; expected one of auto, eager, sdpa"),
        ("epochs=0", "epochs is 0.0; expected a number from 1e-06"),
        ("batch_size=-1", "batch_size is -1; expected a number from 1 to"),
        ("learning_rate=0", "learning_rate is 0.0"),
        ("evaluations=0", "evaluations is 0"),
        ("train=[]", r"has no \[\[train\]\] table"),
    ],
)
def test_a_value_that_cannot_be_is_refused(tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(recipe(tmp_path), [setting])


@pytest.mark.parametrize(
    "setting",
    [
        "learning_rate=nan",
        "epochs=inf",
        "max_length=0",
        "max_length=-5",
        "dropout=1.5",
        "dropout=-0.1",
        "hide=both",
        "shared_dropout=1",
        "label_smoothing=2",
        "warmup=-1",
        "weight_decay=-1",
        "patience=-1",
        "seed=-1",
        "max_steps=-3",
        "freeze=[1]",
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ConfigError, match=setting.partition("=")[0]):
        load_config(recipe(tmp_path), [setting])


def test_only_one_kind_of_dropout_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dropout is 0.1 and shared_dropout 0.2; set one of them to 0"):
        load_config(recipe(tmp_path), ["dropout=0.1", "shared_dropout=0.2"])


@pytest.mark.parametrize(
    "line", ["repeat = 0", "max_rows = -1", "group_share = 0", "neutral_share = -0.5", "unrelated = -1"]
)
def test_a_value_of_a_part_out_of_range_is_refused_by_its_name(tmp_path: Path, line: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(PARTS + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=line.split()[0]):
        load_config(file)


# files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epochs = ", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b"[train]\ndata = 'snli'\n", r"train in .* is no list of tables; write \[\[train\]\]"),
        (b"train = [3]\n", r"is no list of tables; write \[\[train\]\]"),
        (b"[[train]]\nrepeat = 2\n", r"\[\[train\]\] of .* lacks data"),
        (b"", r"the recipe has no \[\[train\]\] table"),
        (b"[[train]]\ndata = 3\n", r"data in \[\[train\]\] of .* is 3 \(int\); expected str"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_config(file)


def test_a_missing_recipe_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(
            ConfigError, match=rf"recipe '{re.escape(str(path))}' cannot be read: .*quickstart"
        ):
            load_config(path)


# relative paths


def test_relative_paths_start_at_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "elsewhere").mkdir()
    for name in ("pairs.csv", "public.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "encoder").mkdir()
    file = tmp_path / "recipes" / "r.toml"
    file.write_text(
        'base = "../encoder"\npublic = "../public.parquet"\n[[train]]\ndata = "../pairs.csv"\n'
        '[[validation]]\ndata = "snli"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path / "elsewhere")
    config = load_config(file)
    assert Path(config.base).samefile(tmp_path / "encoder")
    assert Path(config.public).samefile(tmp_path / "public.parquet")
    assert Path(config.train[0].data).samefile(tmp_path / "pairs.csv")
    assert config.validation[0].data == "snli"


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").touch()
    setting = f"public={tmp_path / 'p.parquet'}"
    assert load_config(recipe(tmp_path), [setting]).public == str(tmp_path / "p.parquet")


def test_the_file_beside_the_recipe_goes_before_one_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("recipes", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pairs.csv").touch()
    file = tmp_path / "recipes" / "r.toml"
    file.write_text('[[train]]\ndata = "pairs.csv"\n[[validation]]\ndata = "snli"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert Path(load_config(file).train[0].data).samefile(tmp_path / "recipes" / "pairs.csv")


@pytest.mark.parametrize("name", ["public", "snli"])
def test_a_public_source_is_not_hidden_by_a_folder_of_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    file = tmp_path / "recipe.toml"
    file.write_text(PARTS.replace("snli", name), encoding="utf-8")
    assert load_config(file).train[0].data == name


def test_a_part_is_of_the_split_that_its_table_is_named_after() -> None:
    own = DataPart(data="b", split="other")
    config = TrainConfig(base="x", train=(DataPart(data="a"), own), validation=(DataPart(data="a"),))
    assert [part.split for part in (*config.train, *config.validation)] == ["train", "other", "validation"]
