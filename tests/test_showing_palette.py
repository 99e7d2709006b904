"""The looks of the roles: legible on both pages, and told apart without colour."""

import pytest

from companion.formatting import ROLES as TEXT_ROLES
from companion.showing.palette import INK, PAGE, ROLES, write_css


def luminance(colour: str) -> float:
    """Give the relative luminance of WCAG 2.2."""
    channels = (value / 255 for value in bytes.fromhex(colour[1:]))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, other: str) -> float:
    """Give the contrast ratio of WCAG 2.2, from 1 to 21."""
    darker, lighter = sorted((luminance(colour), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_role_of_text_has_a_look_and_so_have_end_pad_and_ignored():
    assert list(ROLES) == [*TEXT_ROLES, "end", "pad", "ignored"]


@pytest.mark.parametrize("role", ROLES)
def test_text_on_a_role_is_legible_in_light_and_dark(role):
    look = ROLES[role]
    assert contrast(INK[0], look.light) >= 7
    assert contrast(INK[1], look.dark) >= 4.5


@pytest.mark.parametrize("role", ROLES)
def test_an_edge_is_seen_on_the_page_and_on_its_role(role):
    look = ROLES[role]
    for background in (PAGE[0], look.light):
        assert contrast(look.light_accent, background) >= 3
    for background in (PAGE[1], look.dark):
        assert contrast(look.dark_accent, background) >= 3


def test_no_two_roles_share_a_word_or_an_edge():
    assert len({look.label for look in ROLES.values()}) == len(ROLES)
    assert len({(look.edge_widths, look.edge_style) for look in ROLES.values()}) == len(ROLES)


def test_every_colour_is_a_custom_property_in_light_and_in_dark():
    light, dark = write_css().split("\n}\n")
    for role, look in ROLES.items():
        assert f"--role-{role}:{look.light};--role-{role}-accent:{look.light_accent};" in light
        assert f"--role-{role}:{look.dark};--role-{role}-accent:{look.dark_accent};" in dark
