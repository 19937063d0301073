"""A code means something only with its standard and its kind."""

import pytest

from dispatch.catalogue.standards import shipped_codes
from workflows.categories import Certainty, Kind
from workflows.codebook import Codebook
from workflows.errors import CodeUnknown, StandardNeeded

OLD, NOW, NEW = "CJ/T 214-2007", "GB/T 30428.2-2013", "GB/T 47678.5-2026"


@pytest.fixture(scope="module")
def codes() -> Codebook:
    return shipped_codes()


def test_the_same_code_means_different_things_in_2007_and_2013(codes: Codebook) -> None:
    # Oracle 9 of the facts of the field.
    then, now = codes.find(Kind.EVENT, "0501", OLD), codes.find(Kind.EVENT, "0501", NOW)
    assert (then.name_zh, now.name_zh) == ("无照经营游商", "供水管道破裂")
    assert then.code == now.code == "E0501"
    assert codes.find(Kind.PART, "0114", OLD).name_zh == "无主井盖"
    assert codes.find(Kind.PART, "0114", NOW).name_zh == "园林井盖"


def test_a_code_without_its_standard_is_refused_naming_who_knows_it(codes: Codebook) -> None:
    for ask in (lambda: codes.find(Kind.EVENT, "0501", None), lambda: codes.read("E0501", None)):
        with pytest.raises(StandardNeeded) as refused:
            ask()
        assert f"{OLD} (E0501 无照经营游商)" in str(refused.value)
        assert f"{NOW} (E0501 供水管道破裂)" in str(refused.value)
    # Refused also where only one standard knows it: another may come to.
    with pytest.raises(StandardNeeded, match="47678"):
        codes.read("M06010", None)


def test_the_kind_is_part_of_the_key(codes: Codebook) -> None:
    assert codes.read("P0101", "2013").name_zh == "上水井盖"
    assert codes.read("e0101", NOW).name_zh == "私搭乱建"
    with pytest.raises(CodeUnknown, match=r"P0101 \(part\), E0101 \(event\); write the letter"):
        codes.read("0101", NOW)
    assert codes.read("0123", NOW).code == "P0123"


@pytest.mark.parametrize(
    ("code", "standard", "told"),
    [
        ("E0501", "1999", "There is no standard '1999'; known are: CJ/T 214-2007"),
        ("E0501", "", "no standard ''"),
        ("E0199", NOW, f"{NOW} has no event 0199."),
        ("E0199", OLD, None),
        ("E05019", NOW, "has no event 05019"),
        ("P0138", OLD, None),
        ("X0501", NOW, "is no code; write a letter"),
        ("", NOW, "is no code"),
        ("E０５０１", NOW, "is no code"),
        ("E9999", None, "No standard knows this code"),
    ],
)
def test_what_is_not_known_is_said_with_what_is(
    codes: Codebook, code: str, standard: str | None, told: str | None
) -> None:
    if told is None:
        assert codes.read(code, standard).standard == standard
        return
    with pytest.raises(CodeUnknown, match=told.replace(".", r"\.")):
        codes.read(code, standard)


def test_codes_of_2026_have_five_digits_and_their_certainty(codes: Codebook) -> None:
    found = codes.of_standard(NEW)
    assert {len(one.standard_code) for one in found} == {5}
    assert {one.certainty for one in found} == {Certainty.LIKELY}
    assert codes.read("M06010", "2026").name_zh == "暴露垃圾"
    with pytest.raises(CodeUnknown, match=r"has no event 06010\.$"):
        codes.read("E06010", "2026")
    with pytest.raises(CodeUnknown, match=r"has no part 0115\. Known in: .*通讯交接箱"):
        codes.read("P0115", "2013")


def test_every_code_that_the_facts_confirm_is_there(codes: Codebook) -> None:
    counts = {standard: len(codes.of_standard(standard)) for standard in codes.standards}
    assert [counts[standard] for standard in (OLD, NOW, NEW)] == [134, 149, 10]
    assert not any(one.conditions for standard in (OLD, NEW) for one in codes.of_standard(standard))
    swapped = {OLD: ("突发事件", "街面秩序"), NOW: ("街面秩序", "突发事件")}
    for standard, names in swapped.items():
        classes = {
            one.standard_code[:2]: one.class_zh
            for one in codes.of_standard(standard)
            if one.kind is Kind.EVENT
        }
        assert (classes["04"], classes["05"]) == names
