"""The table of roles and abilities."""

from dataclasses import fields
from itertools import pairwise

import pytest

from apps.accounts.roles import (
    DOCUMENT_ROLES,
    NO_ABILITIES,
    Abilities,
    Role,
    abilities_of,
    highest,
)

FLAGS = [field.name for field in fields(Abilities) if field.name != "role"]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.OWNER, set(FLAGS)),
        (Role.EDITOR, {"read", "comment", "write", "rename", "look_at_history"}),
        (Role.COMMENTER, {"read", "comment", "look_at_history"}),
        (Role.VIEWER, {"read", "look_at_history"}),
        (Role.CREATOR, set()),
        (None, set()),
    ],
)
def test_abilities_of_each_role_are_exactly_these(role: Role | None, expected: set[str]) -> None:
    """A new ability or role must be added here deliberately."""
    abilities = abilities_of(role)
    assert {name for name in FLAGS if getattr(abilities, name)} == expected


@pytest.mark.parametrize("role", [*Role, None])
def test_abilities_of_viewers_alone_depend_on_the_documents_settings(role: Role | None) -> None:
    """And only access to the history."""
    usual, told = abilities_of(role), abilities_of(role, viewers_may_look=False)
    differing = {name for name in FLAGS if getattr(usual, name) != getattr(told, name)}
    assert differing == ({"look_at_history"} if role is Role.VIEWER else set())


def test_abilities_of_a_stronger_role_include_those_of_a_weaker() -> None:
    """The roles are ordered by their abilities."""
    for stronger, weaker in pairwise(DOCUMENT_ROLES):
        for name in FLAGS:
            assert getattr(abilities_of(stronger), name) >= getattr(abilities_of(weaker), name)


def test_highest_of_several_roles_is_the_strongest() -> None:
    """The right to create is no role on a document."""
    assert highest({Role.VIEWER, Role.EDITOR}) is Role.EDITOR
    assert highest({Role.CREATOR}) is None
    assert highest(set()) is None


def test_as_dict_has_the_role_as_text() -> None:
    """The dictionary can be written as JSON."""
    assert abilities_of(Role.VIEWER).as_dict()["role"] == "viewer"
    assert NO_ABILITIES.as_dict()["role"] is None
